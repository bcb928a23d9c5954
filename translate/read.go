// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// material is what was found in the files.
type material struct {
	promises []*parse.PromiseDoc
	// others are documents beside the Promises; requests are those that the user called so.
	others, requests []*parse.Document
	// first are the Promises by name.
	first map[string]*parse.PromiseDoc
	diags diag.List
}

// read parses all files and sorts the documents into Promises and requests. What lies in
// a folder of tests comes last: there, copies of Promises and requests are left alone.
func read(in Input) *material {
	m := &material{first: map[string]*parse.PromiseDoc{}}
	docs, fixtures := m.documents(in.Files)
	explicit, copies := m.documents(in.Requests)
	if len(in.Requests) > 0 && len(explicit)+len(copies) == 0 && !m.diags.HasErrors() {
		m.diags.AddPos(diag.NothingToDo, diag.Pos{File: in.Requests[0].Name}, "there is no request in what was given as requests")
	}
	for _, doc := range docs {
		m.sort(doc)
	}
	for _, doc := range fixtures {
		if m.fresh(doc) {
			m.sort(doc)
		} else {
			copies = append(copies, doc)
		}
	}
	for _, doc := range copies {
		m.diags.Add(diag.OtherKind, doc.Root(), "%s lies in a folder of tests; it is left alone", describe(doc))
	}
	for _, doc := range explicit {
		if doc.File().Origin != parse.Named && isPromise(doc) {
			m.diags.Add(diag.OtherKind, doc.Root(), "a Promise, where requests were asked for; it is left alone")
			continue
		}
		m.requests = append(m.requests, doc)
	}
	m.unserved()
	return m
}

// candidates are all documents that may be requests.
func (m *material) candidates() []*parse.Document { return slices.Concat(m.requests, m.others) }

func isPromise(doc *parse.Document) bool {
	return doc.Kind() == v1alpha1.KindPromise && doc.APIVersion() == v1alpha1.APIVersion
}

// fresh tells whether a document is a Promise that no other file has.
func (m *material) fresh(doc *parse.Document) bool {
	return isPromise(doc) && m.first[doc.Name()] == nil
}

func (m *material) sort(doc *parse.Document) {
	if !isPromise(doc) {
		m.others = append(m.others, doc)
		return
	}
	p, found := parse.Promise(doc)
	m.diags.Append(found)
	name := p.Object.Name
	if first := m.first[name]; first == nil {
		m.first[name] = p
	} else if name != "" {
		m.diags.Add(diag.DuplicatePromise, p.At.Field("metadata", "name"), "the Promise %q was already defined at %s%s",
			name, first.At.Field("metadata", "name").Pos(), choice(first, p))
	}
	if !found.HasErrors() {
		m.promises = append(m.promises, p)
	}
}

// choice says which of two files with one Promise to leave out.
func choice(a, b *parse.PromiseDoc) string {
	one, other := a.Doc.File().Name, b.Doc.File().Name
	if one == other {
		return ""
	}
	v, w := a.Object.Labels[v1alpha1.LabelPromiseVersion], b.Object.Labels[v1alpha1.LabelPromiseVersion]
	if v == w {
		return "; leave out " + one + " or " + other
	}
	versions := func(v string) string {
		if v == "" {
			return "no version"
		}
		return "version " + v
	}
	return "; to compile " + versions(v) + " leave out " + other + ", and to compile " + versions(w) + " leave out " + one
}

// documents parses files; the second list is of those in folders of tests.
func (m *material) documents(files []parse.File) (docs, fixtures []*parse.Document) {
	found := make([]struct {
		docs  []*parse.Document
		diags diag.List
	}, len(files))
	each(len(files), func(i int) { found[i].docs, found[i].diags = parse.Documents(files[i]) })
	for i, f := range found {
		m.diags.Append(f.diags)
		if files[i].Origin == parse.Fixture {
			fixtures = append(fixtures, f.docs...)
		} else {
			docs = append(docs, f.docs...)
		}
	}
	return docs, fixtures
}

// unserved reports documents that no Promise has an API for.
func (m *material) unserved() {
	for _, doc := range m.others {
		if !m.served(doc) {
			m.leave(doc)
		}
	}
	for _, doc := range m.requests {
		switch {
		case m.served(doc):
		case doc.File().Origin != parse.Named:
			m.leave(doc)
		case len(m.promises) > 0:
			m.diags.Add(diag.RequestMismatch, doc.Root(), "%s is not what any of the Promises offers%s", describe(doc), m.meant(doc))
		}
	}
}

func (m *material) served(doc *parse.Document) bool {
	return slices.ContainsFunc(m.promises, func(p *parse.PromiseDoc) bool { return p.API.Offers(doc) })
}

// leave tells of a document that is left alone: loudly if it is nearly something else.
func (m *material) leave(doc *parse.Document) {
	if meant := m.meant(doc); meant != "" {
		m.diags.Add(diag.LeftOut, doc.Root(), "%s is left out%s", describe(doc), meant)
		return
	}
	m.diags.Add(diag.OtherKind, doc.Root(), "%s is neither a Promise nor a request for one; it is left alone", describe(doc))
}

func describe(doc *parse.Document) string {
	if doc.Kind() == "" || doc.APIVersion() == "" {
		return "a document without apiVersion and kind"
	}
	return doc.Kind() + " of " + doc.APIVersion()
}
