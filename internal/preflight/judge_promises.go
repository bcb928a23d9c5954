// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/operator"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// latest is the version of a ResourceBinding that follows its Promise.
const latest = "latest"

// pinned finds requests that Kratix runs with an older Promise than the one that is there.
func pinned(f Facts) []Finding {
	var found []Finding
	for i := range f.Kratix[kindBinding] {
		b := &f.Kratix[kindBinding][i]
		version, promise := text(b, "spec", "version"), text(b, "spec", "promiseRef", "name")
		p := f.promise(promise)
		request := f.request(promise, text(b, "spec", "resourceRef", "namespace"), text(b, "spec", "resourceRef", "name"))
		if version == "" || version == latest || p == nil || request == nil {
			continue
		}
		finding := Finding{
			Effect: Blocks, Kind: request.GetKind(), Namespace: request.GetNamespace(), Name: request.GetName(),
			Message: fmt.Sprintf("ResourceBinding %s pins it to version %s of Promise %s, which is at %s. The runner knows no older versions, and does not run it until somebody asks for that", b.GetName(), version, promise, versionOf(p)),
			Do: fmt.Sprintf(`upgrade it while Kratix runs: kubectl -n %s patch resourcebinding %s --type=merge -p '{"spec":{"version":"latest"}}'; or keep its files as they are: kubectl -n %s label %s %s %s=true`,
				b.GetNamespace(), b.GetName(), request.GetNamespace(), resource(p), request.GetName(), progress.LabelPaused),
		}
		if version == versionOf(p) || paused(p) || paused(request) {
			finding.Effect, finding.Do = Changes, ""
		}
		found = append(found, finding)
	}
	return found
}

func versionOf(promise *unstructured.Unstructured) string {
	if v := promise.GetLabels()[v1alpha1.LabelPromiseVersion]; v != "" {
		return v
	}
	return "no version"
}

func paused(o *unstructured.Unstructured) bool { return o.GetLabels()[progress.LabelPaused] == "true" }

// resource is what kubectl calls the requests of a Promise.
func resource(promise *unstructured.Unstructured) string {
	return text(promise, "spec", "api", "metadata", "name")
}

// suspended finds workflows that start over: the runner does not know which run was suspended.
func suspended(f Facts) []Finding {
	var found []Finding
	for i := range f.Promises {
		p := &f.Promises[i]
		for _, o := range append([]unstructured.Unstructured{*p}, f.Requests[p.GetName()]...) {
			if o.GetLabels()[progress.LabelSuspended] == "true" && !paused(p) && !paused(&o) {
				found = append(found, Finding{
					Effect: Changes, Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName(),
					Message: "its workflow is suspended. With the runner it starts from its first Pipeline, and asks again for what it waits for",
					Do:      "let it end before the move, or label it " + progress.LabelPaused + "=true",
				})
			}
		}
	}
	return found
}

// sameNames finds requests whose Works have one name: that of the Promise's pipelineNamespace.
func sameNames(f Facts) []Finding {
	var found []Finding
	for i := range f.Promises {
		p := &f.Promises[i]
		if workflow.PipelineNamespace(p) == "" {
			continue
		}
		first := map[string]string{}
		for _, r := range f.Requests[p.GetName()] {
			before, twice := first[r.GetName()]
			if !twice {
				first[r.GetName()] = r.GetNamespace()
				continue
			}
			found = append(found, Finding{
				Effect: Blocks, Kind: r.GetKind(), Namespace: r.GetNamespace(), Name: r.GetName(),
				Message: fmt.Sprintf("%s/%s has the same name, and both run in namespace %s: the files of the two have one path. The runner refuses the second one", before, r.GetName(), workflow.PipelineNamespace(p)),
				Do:      "give one of them another name",
			})
		}
	}
	return found
}

// uncompiled finds Promises and requests that the compiler refuses, also because they are too
// large for an engine.
func uncompiled(f Facts) []Finding {
	var found []Finding
	opts := f.options()
	for i := range f.Promises {
		p := &f.Promises[i]
		loaded := translate.Stored(p.Object)
		_, findings := loaded.Compile(translate.Options{Backends: []translate.Backend{f.Engine.Compiler}, Plan: opts})
		found = append(found, compiled(p, findings, f.Engine)...)
		if findings.HasErrors() {
			continue
		}
		for _, r := range f.Requests[p.GetName()] {
			if refused := refusals(loaded, &r, opts); len(refused) > 0 {
				found = append(found, compiled(&r, refused, f.Engine)...)
			}
		}
	}
	return found
}

// refusals are the errors for one request.
func refusals(promise *translate.Promise, request *unstructured.Unstructured, opts plan.Options) diag.List {
	object, all := promise.Request(request.Object)
	for _, kind := range workflow.Kinds {
		if kind.Type == workflow.Resource && !all.HasErrors() && len(kind.Pipelines(promise.PromiseDoc, "")) > 0 {
			_, more := promise.Plan(kind, object, opts)
			all.Append(more)
		}
	}
	return slices.DeleteFunc(all, func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
}

func compiled(o *unstructured.Unstructured, findings diag.List, e backends.Engine) []Finding {
	f := Finding{Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
	var warned []string
	for _, d := range findings {
		if d.Severity == diag.Warning && !slices.Contains(warned, string(d.Code)) {
			warned = append(warned, string(d.Code))
		}
	}
	switch {
	case findings.HasErrors():
		f.Effect, f.Message = Blocks, "it does not run on "+e.Name+": "+(&engine.Invalid{Findings: findings.Sorted()}).Error()
		f.Do = "correct it; kratix-compile explain CODE says more"
	case len(warned) > 0:
		slices.Sort(warned)
		f.Effect, f.Message = Changes, "the compiler warns of "+strings.Join(warned, ", ")
		f.Do = "kratix-compile lint shows where; kratix-compile explain CODE says more"
	default:
		return nil
	}
	return []Finding{f}
}

// options are those of a runner with Kratix's own configuration.
func (f Facts) options() plan.Options {
	opts := plan.Defaults()
	if config, findings := f.config(); !findings.HasErrors() {
		opts.Config = config
	}
	opts.SystemNamespace = f.SystemNamespace
	return opts
}

func (f Facts) config() (operator.Config, diag.List) {
	if f.Config == nil {
		return plan.Defaults().Config, nil
	}
	data, err := yaml.Marshal(map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": configName}, "data": f.Config.Data})
	if err != nil {
		panic(err) // a map of texts is YAML
	}
	return operator.Read(parse.File{Name: configName, Data: data})
}

// configured finds keys of Kratix's configuration that the runner refuses or leaves out.
func configured(f Facts) []Finding {
	_, findings := f.config()
	var found []Finding
	for _, d := range findings.Sorted() {
		finding := Finding{Effect: Changes, Kind: "ConfigMap", Namespace: f.SystemNamespace, Name: configName, Message: fmt.Sprintf("%s [%s]", d.Message, d.Code)}
		if d.Severity == diag.Error {
			finding.Effect, finding.Do = Blocks, "correct it in the file that you give to the runner with --config"
		}
		found = append(found, finding)
	}
	return found
}

func (f Facts) promise(name string) *unstructured.Unstructured {
	for i := range f.Promises {
		if f.Promises[i].GetName() == name {
			return &f.Promises[i]
		}
	}
	return nil
}

func (f Facts) request(promise, namespace, name string) *unstructured.Unstructured {
	all := f.Requests[promise]
	for i := range all {
		if all[i].GetNamespace() == namespace && all[i].GetName() == name {
			return &all[i]
		}
	}
	return nil
}

func text(o *unstructured.Unstructured, path ...string) string {
	value, _, _ := unstructured.NestedString(o.Object, path...)
	return value
}

// unserved finds Promises whose requests cannot be seen because their kind is not served.
func unserved(f Facts) []Finding {
	var found []Finding
	for i := range f.Promises {
		p := &f.Promises[i]
		if _, listed := f.Requests[p.GetName()]; !listed && !workflow.Offered(p).Empty() {
			found = append(found, Finding{
				Effect: Changes, Kind: p.GetKind(), Name: p.GetName(),
				Message: "the cluster does not serve what it offers, so it has no requests; the runner installs its CRD",
			})
		}
	}
	return found
}
