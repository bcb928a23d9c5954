// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/translate/admit"
	"github.com/kratix-compile/kratix-compile/translate/check"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/sample"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Promise is a Promise that was loaded. Its workflows can be planned if no finding is an error;
// planning does not change it.
type Promise struct {
	*parse.PromiseDoc
	// Findings are the rules of Kratix and of the API server that the Promise breaks.
	Findings diag.List
	// requests are the documents that may be requests for its API.
	requests []*parse.Document
}

// Stored loads a Promise that an API server has, from the JSON of the object.
func Stored(object map[string]any) *Promise {
	doc, findings := parse.Object(object)
	if doc == nil {
		return &Promise{PromiseDoc: &parse.PromiseDoc{}, Findings: findings}
	}
	p := read(doc)
	if !p.Findings.HasErrors() {
		p.judge()
	}
	return p
}

func read(doc *parse.Document) *Promise {
	p, findings := parse.Promise(doc)
	return &Promise{PromiseDoc: p, Findings: findings}
}

// judge asks what Kratix and the API server would say.
func (p *Promise) judge() {
	p.Findings.Append(check.Promise(p.PromiseDoc))
	p.Findings.Append(admit.Promise(p.PromiseDoc))
	p.Findings.Append(admit.API(p.API))
}

// Plan is what one workflow does for one object.
func (p *Promise) Plan(kind workflow.Kind, object plan.Object, opts plan.Options) (plan.Workflow, diag.List) {
	return plan.Build(p.PromiseDoc, kind, object, opts)
}

// Pos is where the Promise is written.
func (p *Promise) Pos() diag.Pos { return p.At.Pos() }

// Workflows plans the workflows of these kinds for the Promise itself and for the requests that
// were loaded with it. Without a request a sample stands in for one.
func (p *Promise) Workflows(kinds []workflow.Kind, opts plan.Options) ([]plan.Workflow, diag.List) {
	diags := slices.Clone(p.Findings)
	if diags.HasErrors() {
		return nil, diags
	}
	if len(kinds) == 0 {
		kinds = workflow.Kinds
	}
	var planned []plan.Workflow
	objects := map[workflow.Type][]plan.Object{workflow.Promise: {plan.ForPromise(p.PromiseDoc)}}
	for _, kind := range kinds {
		if len(kind.Pipelines(p.PromiseDoc, opts.Pipeline)) == 0 {
			continue
		}
		if _, asked := objects[kind.Type]; !asked {
			found, more := p.objects()
			objects[kind.Type] = found
			diags.Append(more)
		}
		for _, object := range objects[kind.Type] {
			w, more := p.Plan(kind, object, opts)
			if diags.Append(more); !more.HasErrors() {
				planned = append(planned, w)
			}
		}
	}
	return planned, diags
}

// objects are what resource workflows run for: requests as the API server would admit them.
func (p *Promise) objects() ([]plan.Object, diag.List) {
	schema, diags := admit.NewSchema(p.API)
	if diags.HasErrors() {
		return nil, diags
	}
	var found []plan.Object
	for _, doc := range p.requests {
		if !p.API.Offers(doc) {
			continue
		}
		request, more := parse.Request(doc, p.API)
		if !more.HasErrors() {
			more.Append(schema.Request(request))
		}
		if diags.Append(more); !more.HasErrors() {
			found = append(found, plan.ForRequest(request, p.API))
		}
	}
	diags.Append(duplicates(found))
	if len(found) > 0 || diags.HasErrors() {
		return found, diags
	}
	return sampleFor(p.API, schema)
}

// Request is a request that an API server has admitted. It is not judged again: the API may have
// become stricter since, and the request must still be updated and deleted.
func (p *Promise) Request(object map[string]any) (plan.Object, diag.List) {
	doc, diags := parse.Object(object)
	switch {
	case doc == nil:
		return plan.Object{}, diags
	case !p.API.Offers(doc):
		return plan.Object{}, mismatch(doc, []*Promise{p})
	}
	request, diags := parse.Request(doc, p.API)
	return plan.ForRequest(request, p.API), diags
}

// duplicates reports requests of one name: a cluster can hold only one of them.
func duplicates(requests []plan.Object) diag.List {
	var diags diag.List
	first := map[string]diag.Pos{}
	for _, r := range requests {
		at, key := r.At.Field("metadata", "name"), r.Namespace+"/"+r.Name
		if before, seen := first[key]; seen {
			diags.Add(diag.DuplicateRequest, at, "%s %s was already given at %s", r.Kind, key, before)
			continue
		}
		first[key] = at.Pos()
	}
	return diags
}

func sampleFor(api *parse.API, schema *admit.Schema) ([]plan.Object, diag.List) {
	var diags diag.List
	object := unstructured.Unstructured{Object: sample.Request(api)}
	request := &parse.RequestDoc{At: api.At, Object: object.Object, Meta: metav1.ObjectMeta{Name: object.GetName(), Namespace: object.GetNamespace()}}
	if found := schema.Request(request).Errors(); len(found) > 0 {
		diags.Add(diag.SampleInvalid, api.At, "the sample made from the schema of %s is not valid (%s); give --request", api.Kind, found[0].Message)
	}
	diags.Add(diag.SampleRequest, api.At, "no request for %s in %s given; a sample made from its schema is compiled", api.Kind, api.Group)
	return []plan.Object{plan.ForSample(request.Object, api)}, diags
}
