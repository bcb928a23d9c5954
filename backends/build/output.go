// SPDX-License-Identifier: Apache-2.0

package build

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
)

// Output collects objects in the order to create them, and findings.
type Output struct {
	Objects []manifest.Object
	Diags   diag.List
}

// Add prints typed objects, without the status, which is the engine's to write.
func (o *Output) Add(at diag.At, typed ...runtime.Object) {
	for _, t := range typed {
		object, err := manifest.New(t)
		if err != nil {
			o.Diags.Add(diag.Bug, at, "%v", err)
			continue
		}
		unstructured.RemoveNestedField(object.Object, "status")
		o.Objects = append(o.Objects, object)
	}
}

// Of is the output of a backend, each object once: Pipelines may share an account and its
// roles. With an error among the findings there are no objects.
func (o *Output) Of(backend string) ([]manifest.Object, diag.List) {
	if o.Diags.HasErrors() {
		return nil, o.Diags.Mark(backend)
	}
	return manifest.Distinct(o.Objects), o.Diags.Mark(backend)
}
