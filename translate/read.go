// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// read parses all files and sorts the documents into Promises and requests.
func read(in Input) ([]*parse.PromiseDoc, []*parse.Document, diag.List) {
	docs, diags := documents(in.Files)
	explicit, more := documents(in.Requests)
	if len(in.Requests) > 0 && len(explicit) == 0 && !more.HasErrors() {
		more.AddPos(diag.NothingToDo, diag.Pos{File: in.Requests[0].Name}, "there is no request in what was given as requests")
	}
	diags.Append(more)

	var promises []*parse.PromiseDoc
	var others []*parse.Document
	names := map[string]diag.Pos{}
	for _, doc := range docs {
		if doc.Kind() != v1alpha1.KindPromise || doc.APIVersion() != v1alpha1.APIVersion {
			others = append(others, doc)
			continue
		}
		p, found := parse.Promise(doc)
		diags.Append(found)
		if p == nil {
			continue
		}
		at := p.At.Field("metadata", "name")
		if first, seen := names[p.Object.Name]; !seen {
			names[p.Object.Name] = at.Pos()
		} else if p.Object.Name != "" {
			diags.Add(diag.DuplicatePromise, at, "the Promise %q was already defined at %s", p.Object.Name, first)
		}
		if !found.HasErrors() {
			promises = append(promises, p)
		}
	}
	diags.Append(unserved(promises, others, explicit))
	return promises, append(explicit, others...), diags
}

func documents(files []parse.File) ([]*parse.Document, diag.List) {
	var docs []*parse.Document
	var diags diag.List
	found := make([]struct {
		docs  []*parse.Document
		diags diag.List
	}, len(files))
	each(len(files), func(i int) { found[i].docs, found[i].diags = parse.Documents(files[i]) })
	for _, f := range found {
		docs = append(docs, f.docs...)
		diags.Append(f.diags)
	}
	return docs, diags
}

// unserved reports documents that no Promise has an API for: a note for those
// that lay beside a Promise, an error for those the user called requests.
func unserved(promises []*parse.PromiseDoc, others, explicit []*parse.Document) diag.List {
	var diags diag.List
	served := func(doc *parse.Document) bool {
		for _, p := range promises {
			if p.API.Offers(doc) {
				return true
			}
		}
		return false
	}
	for _, doc := range others {
		if !served(doc) {
			diags.Add(diag.OtherKind, doc.Root(), "%s is neither a Promise nor a request for one; it is left alone", describe(doc))
		}
	}
	for _, doc := range explicit {
		if len(promises) > 0 && !served(doc) {
			diags.Add(diag.RequestMismatch, doc.Root(), "%s is not what any of the Promises offers", describe(doc))
		}
	}
	return diags
}

func describe(doc *parse.Document) string {
	if doc.Kind() == "" || doc.APIVersion() == "" {
		return "a document without apiVersion and kind"
	}
	return doc.Kind() + " of " + doc.APIVersion()
}
