// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/kratix-compile/kratix-compile/translate/admit"
	"github.com/kratix-compile/kratix-compile/translate/check"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Backend turns a plan into the objects of one engine.
type Backend interface {
	Name() string
	// Compile returns no objects if it reports an error.
	Compile(plan.Workflow) ([]manifest.Object, diag.List)
}

// Input is everything a compilation reads. Requests are matched to Promises by
// group and kind; a Promise without one gets a sample from its own schema.
type Input struct {
	Files    []parse.File
	Requests []parse.File
}

// Options are the choices of whoever compiles.
type Options struct {
	// Kinds are the workflows to compile; empty means all that a Promise has.
	Kinds    []workflow.Kind
	Backends []Backend
	Plan     plan.Options
	// Stored tells that the requests come from an API server, which has admitted
	// them: they are not judged again, and no sample stands in for one.
	Stored bool
}

// Output is one workflow of one object for one backend.
type Output struct {
	Backend  string
	Workflow plan.Workflow
	Object   plan.Object
	Objects  []manifest.Object
}

// Compile is the compiler: parse, check, plan, and a backend for each workflow.
// Outputs come in the order of the Promises, their workflows and the backends,
// and there are none at all if any finding is an error.
func Compile(in Input, opts Options) ([]Output, diag.List) {
	return CompileAs(in, opts, func(o Output) (Output, error) { return o, nil })
}

// CompileAs keeps of each Output what finish makes of it, and lets the rest
// go: of a thousand Promises only the printed bytes need to stay. It calls
// finish from several goroutines; an error of it is a fault of the compiler.
func CompileAs[T any](in Input, opts Options, finish func(Output) (T, error)) ([]T, diag.List) {
	found := read(in)
	diags := found.diags
	diags.Append(check.Config(opts.Plan.Config))
	promises, requests := found.promises, found.candidates()
	results := make([]result[T], len(promises))
	found.first = nil // a Promise can go once it is compiled
	each(len(promises), func(i int) {
		results[i].compile(promises[i], requests, opts, finish)
		promises[i] = nil
	})
	var outputs []T
	for _, r := range results {
		outputs = append(outputs, r.outputs...)
		diags.Append(r.diags)
	}
	if len(outputs) == 0 && !diags.HasErrors() {
		code, message := nothing(found, opts)
		diags.AddPos(code, diag.Pos{}, "%s", message)
	}
	if diags.HasErrors() {
		outputs = nil
	}
	return outputs, diags.Sorted()
}

// result is what becomes of one Promise.
type result[T any] struct {
	outputs []T
	diags   diag.List
}

func (r *result[T]) compile(p *parse.PromiseDoc, requests []*parse.Document, opts Options, finish func(Output) (T, error)) {
	r.diags = check.Promise(p)
	r.diags.Append(admit.Promise(p))
	r.diags.Append(admit.API(p.API))
	if r.diags.HasErrors() {
		return
	}
	objects := &objects{promise: p, requests: requests, stored: opts.Stored}
	for _, kind := range opts.kinds() {
		if len(kind.Pipelines(p, opts.Plan.Pipeline)) == 0 {
			continue
		}
		for _, o := range objects.of(kind, &r.diags) {
			r.compileObject(p, kind, o, opts, finish)
		}
	}
}

// compileObject plans once and lets every backend compile the same plan.
func (r *result[T]) compileObject(p *parse.PromiseDoc, kind workflow.Kind, o plan.Object, opts Options, finish func(Output) (T, error)) {
	w, diags := plan.Build(p, kind, o, opts.Plan)
	r.diags.Append(diags)
	if len(w.Runs) == 0 || diags.HasErrors() {
		return
	}
	for _, backend := range opts.Backends {
		manifests, diags := backend.Compile(w)
		r.diags.Append(diags.Mark(backend.Name()))
		finished, err := finish(Output{Backend: backend.Name(), Workflow: w, Object: o, Objects: manifest.Distinct(manifests)})
		if err != nil {
			r.diags.Add(diag.Bug, p.At, "%v", err)
		}
		r.outputs = append(r.outputs, finished)
	}
}

func (o Options) kinds() []workflow.Kind {
	if len(o.Kinds) == 0 {
		return workflow.Kinds
	}
	return o.Kinds
}

// each calls do for 0 to n-1 on all processors and waits.
// A panic in do is a panic of the caller's, who may want to recover from it.
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

// nothing says why there is no output. It is no error to have none to give.
func nothing(found *material, opts Options) (diag.Code, string) {
	switch {
	case len(found.promises) == 0:
		return diag.NothingToDo, "no Promise found in the input" + found.instead() + "; name a file or directory that holds one, or - for stdin"
	case opts.Plan.Pipeline != "":
		return diag.NothingToDo, "no Pipeline is named " + strconv.Quote(opts.Plan.Pipeline) + " in the workflows asked for"
	case len(opts.Kinds) > 0:
		return diag.NothingToDo, "no Promise has Pipelines in the workflow asked for"
	default:
		return diag.NoPipelines, "no Promise has Pipelines; there is nothing to run"
	}
}
