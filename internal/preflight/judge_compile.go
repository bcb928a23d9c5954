// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/operator"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// engineMissing is the engine that the runner will use.
func engineMissing(f Facts) []Finding {
	if f.Served {
		return nil
	}
	return []Finding{{
		Effect: Blocks, Kind: f.Engine.Kind,
		Message: "the cluster does not serve " + f.Engine.Kind + " of " + f.Engine.APIVersion + ", so no Pipeline can run on " + f.Engine.Name,
		Do:      "install " + f.Engine.Name + ", or choose another engine with --engine",
	}}
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
	return all.Errors()
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
