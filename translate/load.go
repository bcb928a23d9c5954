// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/job"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Input is everything that is read. Requests are matched to Promises by group and kind.
type Input struct {
	Files    []parse.File
	Requests []parse.File
}

// Source is a document that says what runs: a Promise, or a Job that Kratix has made of one.
type Source interface {
	// Pos is where it is written.
	Pos() diag.Pos
	// Workflows plans the workflows of these kinds, no kinds meaning all. The findings begin
	// with those of the document itself.
	Workflows(kinds []workflow.Kind, opts plan.Options) ([]plan.Workflow, diag.List)
}

// Loaded is what the files hold.
type Loaded struct {
	// Sources are those that could be read, in the order of the files.
	Sources []Source
	// Findings are about the files. Those about one Source are in the Source.
	Findings diag.List
	// others are documents beside the Sources; requests are those that the user called so.
	others, requests []*parse.Document
}

// Load reads all files and sorts the documents into Promises, Jobs and requests. Files of a folder of
// tests come last: a request there is left alone, and so is a Promise that is found elsewhere.
func Load(in Input) *Loaded {
	l := &Loaded{}
	docs, fixtures := l.documents(in.Files)
	explicit, copies := l.documents(in.Requests)
	if len(in.Requests) > 0 && len(explicit)+len(copies) == 0 && !l.Findings.HasErrors() {
		l.Findings.AddPos(diag.NothingToDo, diag.Pos{File: in.Requests[0].Name}, "there is no request in what was given as requests")
	}
	first := byName{}
	for _, doc := range docs {
		l.classify(doc, first)
	}
	for _, doc := range fixtures {
		if isPromise(doc) && first[doc.Name()] == nil {
			l.classify(doc, first)
		} else {
			copies = append(copies, doc)
		}
	}
	for _, doc := range copies {
		l.Findings.Add(diag.OtherKind, doc.Root(), "%s lies in a folder of tests; it is left alone", describe(doc))
	}
	for _, doc := range explicit {
		if doc.File().Origin != parse.Named && isPromise(doc) {
			l.Findings.Add(diag.OtherKind, doc.Root(), "a Promise, where requests were asked for; it is left alone")
			continue
		}
		l.requests = append(l.requests, doc)
	}
	promises := l.promises()
	l.unserved(promises)
	candidates := l.candidates()
	each(len(promises), func(i int) {
		promises[i].judge()
		promises[i].requests = candidates
	})
	return l
}

// Each calls do for every Source, on all processors.
func (l *Loaded) Each(do func(i int, s Source)) {
	each(len(l.Sources), func(i int) { do(i, l.Sources[i]) })
}

// promises are the Sources that are Promises.
func (l *Loaded) promises() []*Promise {
	var out []*Promise
	for _, s := range l.Sources {
		if p, ok := s.(*Promise); ok {
			out = append(out, p)
		}
	}
	return out
}

// PromisesOnly are the Promises, for a caller that has no use for a Job; each Job gets a note.
func (l *Loaded) PromisesOnly() ([]*Promise, diag.List) {
	var notes diag.List
	for _, s := range l.Sources {
		if j, ok := s.(Job); ok {
			notes.Add(diag.OtherKind, j.doc.Root(), "%s, where Promises were asked for; it is left alone", describe(j.doc))
		}
	}
	return l.promises(), notes
}

// documents parses files; the second list is of those in folders of tests.
func (l *Loaded) documents(files []parse.File) (docs, fixtures []*parse.Document) {
	found := make([]struct {
		docs  []*parse.Document
		diags diag.List
	}, len(files))
	each(len(files), func(i int) { found[i].docs, found[i].diags = parse.Documents(files[i]) })
	for i, f := range found {
		l.Findings.Append(f.diags)
		if files[i].Origin == parse.Fixture {
			fixtures = append(fixtures, f.docs...)
		} else {
			docs = append(docs, f.docs...)
		}
	}
	return docs, fixtures
}

// candidates are all documents that may be requests.
func (l *Loaded) candidates() []*parse.Document { return slices.Concat(l.requests, l.others) }

func isPromise(doc *parse.Document) bool {
	return doc.Kind() == v1alpha1.KindPromise && doc.APIVersion() == v1alpha1.APIVersion
}

// byName has the first Promise of each name.
type byName map[string]*Promise

func (l *Loaded) classify(doc *parse.Document, first byName) {
	switch {
	case job.Is(doc) && job.OfKratix(doc):
		l.Sources = append(l.Sources, Job{doc})
		return
	case !isPromise(doc):
		l.others = append(l.others, doc)
		return
	}
	p := read(doc)
	name := p.Object.Name
	if before := first[name]; before == nil {
		first[name] = p
	} else if name != "" {
		l.Findings.Add(diag.DuplicatePromise, p.At.Field("metadata", "name"), "the Promise %q was already defined at %s%s",
			name, before.At.Field("metadata", "name").Pos(), choice(before, p))
	}
	if p.Findings.HasErrors() {
		l.Findings.Append(p.Findings)
		return
	}
	l.Sources = append(l.Sources, p)
}

// choice says which of two files with one Promise to leave out.
func choice(a, b *Promise) string {
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

// unserved reports documents that no Promise has an API for.
func (l *Loaded) unserved(promises []*Promise) {
	served := func(doc *parse.Document) bool {
		return slices.ContainsFunc(promises, func(p *Promise) bool { return p.API.Offers(doc) })
	}
	for _, doc := range l.others {
		if !served(doc) {
			l.leave(doc, promises)
		}
	}
	for _, doc := range l.requests {
		switch {
		case served(doc):
		case doc.File().Origin != parse.Named:
			l.leave(doc, promises)
		case len(promises) > 0:
			l.Findings.Append(mismatch(doc, promises))
		}
	}
}

// leave tells of a document that is left alone: with a warning if it is nearly something else.
func (l *Loaded) leave(doc *parse.Document, promises []*Promise) {
	if job.Is(doc) {
		l.Findings.Add(diag.OtherKind, doc.Root(), "a Job that Kratix has not made: it has no label %s; it is left alone", v1alpha1.LabelWorkflowAction)
		return
	}
	if meant := meant(doc, promises); meant != "" {
		l.Findings.Add(diag.LeftOut, doc.Root(), "%s is left out%s", describe(doc), meant)
		return
	}
	l.Findings.Add(diag.OtherKind, doc.Root(), "%s is neither a Promise nor a request for one; it is left alone", describe(doc))
}

func mismatch(doc *parse.Document, promises []*Promise) (diags diag.List) {
	diags.Add(diag.RequestMismatch, doc.Root(), "%s is not what any of the Promises offers%s", describe(doc), meant(doc, promises))
	return diags
}

func describe(doc *parse.Document) string {
	if doc.Kind() == "" || doc.APIVersion() == "" {
		return "a document without apiVersion and kind"
	}
	return doc.Kind() + " of " + doc.APIVersion()
}

// each calls do for 0 to n-1 on all processors and waits.
// A panic in do becomes a panic of the caller, which may want to recover from it.
func each(n int, do func(i int)) {
	var wg sync.WaitGroup
	var fault atomic.Pointer[any]
	next := make(chan int)
	guarded := func(i int) {
		defer func() {
			if v := recover(); v != nil {
				fault.CompareAndSwap(nil, &v)
			}
		}()
		do(i)
	}
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				guarded(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	if v := fault.Load(); v != nil {
		panic(*v)
	}
}
