// SPDX-License-Identifier: Apache-2.0

package translate

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/translate/admit"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/sample"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// objects finds what the workflows of a Promise are compiled for: the Promise
// itself, or the requests for its API, or a sample if there are none.
type objects struct {
	promise  *parse.PromiseDoc
	requests []*parse.Document
	// stored is Options.Stored.
	stored bool
	// found are the requests, once they were asked for.
	found []plan.Object
	asked bool
}

func (o *objects) of(kind workflow.Kind, diags *diag.List) []plan.Object {
	if kind.Type == workflow.Promise {
		return []plan.Object{plan.ForPromise(o.promise)}
	}
	if !o.asked {
		o.asked = true
		collect := requestsFor
		if o.stored {
			collect = storedFor
		}
		found, more := collect(o.promise.API, o.requests)
		o.found = found
		diags.Append(more)
	}
	return o.found
}

func requestsFor(api *parse.API, requests []*parse.Document) ([]plan.Object, diag.List) {
	schema, diags := admit.NewSchema(api)
	if diags.HasErrors() {
		return nil, diags
	}
	var found []plan.Object
	for _, doc := range requests {
		if !api.Offers(doc) {
			continue
		}
		request, more := parse.Request(doc, api)
		if !more.HasErrors() {
			more.Append(schema.Request(request))
		}
		if diags.Append(more); !more.HasErrors() {
			found = append(found, plan.ForRequest(request, api))
		}
	}
	diags.Append(duplicates(found))
	if len(found) > 0 || diags.HasErrors() {
		return found, diags
	}
	return sampleFor(api, schema)
}

// storedFor takes requests as they are: an API may have become stricter since they were
// admitted, and they must still be updated and deleted.
func storedFor(api *parse.API, requests []*parse.Document) ([]plan.Object, diag.List) {
	var found []plan.Object
	var diags diag.List
	for _, doc := range requests {
		if !api.Offers(doc) {
			continue
		}
		request, more := parse.Request(doc, api)
		if diags.Append(more); !more.HasErrors() {
			found = append(found, plan.ForRequest(request, api))
		}
	}
	return found, diags
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
	if found := schema.Request(request); len(found) > 0 {
		diags.Add(diag.SampleInvalid, api.At, "the sample made from the schema of %s is not valid (%s); give --request", api.Kind, found[0].Message)
	}
	diags.Add(diag.SampleRequest, api.At, "no request for %s in %s given; a sample made from its schema is compiled", api.Kind, api.Group)
	return []plan.Object{plan.ForSample(request.Object, api)}, diags
}
