// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
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
			Message: fmt.Sprintf("ResourceBinding %s pins it to version %s of Promise %s, which is at %s. "+
				"The runner knows no older versions, and does not run it until somebody asks for that", b.GetName(), version, promise, versionOf(p)),
			Do: fmt.Sprintf(`upgrade it while Kratix runs: kubectl -n %s patch resourcebinding %s --type=merge -p '{"spec":{"version":"latest"}}'; `+
				"or keep its files as they are: kubectl -n %s label %s %s %s=true",
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
				Message: fmt.Sprintf("%s/%s has the same name, and both run in namespace %s: the files of the two have one path. "+
					"The runner refuses the second one", before, r.GetName(), workflow.PipelineNamespace(p)),
				Do: "give one of them another name",
			})
		}
	}
	return found
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
