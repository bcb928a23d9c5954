// SPDX-License-Identifier: Apache-2.0

package parse

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// PromiseDoc is a Promise and where it was written.
type PromiseDoc struct {
	At     diag.At
	Doc    *Document
	Object v1alpha1.Promise
	// API is nil when spec.api is absent, null or {}.
	API *API
	Lists
	// Content is the whole object, and Spec is the JSON of its spec that Kratix hashes. Package
	// admit changes both.
	Content map[string]any
	Spec    []byte
}

// Lists are the Pipelines of the four workflows, in written order.
type Lists struct {
	PromiseConfigure  []Pipeline
	PromiseDelete     []Pipeline
	ResourceConfigure []Pipeline
	ResourceDelete    []Pipeline
}

// Pipeline is one entry of a list and where it was written.
type Pipeline struct {
	At       diag.At
	Pipeline v1alpha1.Pipeline
}

// Promise reads a Promise. Unknown fields are warnings, because the API server drops them. In a
// Pipeline they are errors, because Kratix refuses them (docs/kratix-contract.md 1.4). The
// Promise is returned with what could be read.
func Promise(d *Document) (*PromiseDoc, diag.List) {
	p := &PromiseDoc{At: d.Root(), Doc: d}
	_ = json.UnmarshalCaseSensitivePreserveInts(d.JSON(), &p.Content) // the parser has made this JSON
	var written struct {                                              // all but the status
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              v1alpha1.PromiseSpec `json:"spec"`
	}
	diags := d.DecodeLoose(nil, &written)
	p.Object = v1alpha1.Promise{TypeMeta: written.TypeMeta, ObjectMeta: written.ObjectMeta, Spec: written.Spec}
	p.API = readAPI(d, &diags)

	workflows := d.Root().Field("spec", "workflows")
	for _, l := range []struct {
		kind, action string
		pipelines    *[]Pipeline
	}{
		{"promise", "configure", &p.PromiseConfigure},
		{"promise", "delete", &p.PromiseDelete},
		{"resource", "configure", &p.ResourceConfigure},
		{"resource", "delete", &p.ResourceDelete},
	} {
		*l.pipelines = readPipelines(d, workflows.Field(l.kind, l.action), &diags)
	}
	return p, diags
}

func readPipelines(d *Document, at diag.At, diags *diag.List) []Pipeline {
	e, rest := d.walk(at.Path)
	if len(rest) > 0 || e.value.kind != list {
		return nil // decoding the Promise has said so
	}
	var pipelines []Pipeline
	var found diag.List
	for i, entry := range e.value.entries {
		if len(found) >= maxFindings {
			break // all of them are errors
		}
		p := Pipeline{At: at.Index(i)}
		if entry.value.kind != mapping {
			found.Add(diag.NotAPipeline, p.At, "found %s in a list of Pipelines; write a Pipeline or remove the entry", describe(entry.value))
			continue
		}
		found.Append(d.Decode(p.At.Path, &p.Pipeline))
		pipelines = append(pipelines, p)
	}
	diags.Append(found)
	return pipelines
}
