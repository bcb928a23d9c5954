// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/check"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Subject is what a workflow runs for. Object is the Promise itself in its own workflows.
type Subject struct {
	Promise, Object *unstructured.Unstructured
	Kind            workflow.Kind
}

// maxLoaded bounds the JSON of the Promises that a Planner keeps, in bytes. Once it is loaded, a
// Promise takes some thirty times as much memory.
const maxLoaded = 1 << 20

// Planner plans the workflows of stored objects. A Promise stays loaded until its spec or its
// annotations change, since all of its requests need it. Its generation would not do: it does not
// count annotations, which are judged as well. The zero value is ready to use.
type Planner struct {
	mutex  sync.Mutex
	loaded map[types.UID]loaded
	bytes  int
}

type loaded struct {
	spec    any
	promise *translate.Promise
}

// Plan is the whole workflow, Pipeline by Pipeline, or the one Pipeline that the options name.
// It has no Runs if the Promise has no Pipelines of that kind. An error is *Invalid unless the
// compiler itself is at fault.
func (p *Planner) Plan(s Subject, opts plan.Options) (plan.Workflow, error) {
	promise := p.promise(s)
	if err := invalid(promise.Findings); err != nil {
		return plan.Workflow{}, err
	}
	if len(s.Kind.Pipelines(promise.PromiseDoc, opts.Pipeline)) == 0 {
		if opts.Pipeline != "" {
			return plan.Workflow{}, fmt.Errorf("the Promise has no Pipeline %q in %s", opts.Pipeline, s.Kind)
		}
		// No container is given the object, so it may be as large and as odd as the API server lets it.
		return plan.Workflow{Kind: s.Kind, Promise: s.Promise.GetName()}, invalid(check.Config(opts.Config))
	}
	object, err := objectOf(promise, s)
	if err != nil {
		return plan.Workflow{}, err
	}
	w, findings := promise.Plan(s.Kind, object, opts)
	return w, invalid(slices.Concat(check.Config(opts.Config), findings))
}

// promise is loaded anew for a Promise's own workflow: its containers are given the whole object,
// with its status.
func (p *Planner) promise(s Subject) *translate.Promise {
	if s.Kind.Type == workflow.Promise {
		return translate.Stored(s.Promise.Object)
	}
	return p.Promise(s.Promise)
}

func objectOf(promise *translate.Promise, s Subject) (plan.Object, error) {
	if s.Kind.Type == workflow.Promise {
		return plan.ForPromise(promise.PromiseDoc), nil
	}
	if err := TooMany(s.Object); err != nil {
		return plan.Object{}, err
	}
	object, findings := promise.Request(s.Object.Object)
	return object, invalid(findings)
}

// RunName is the name of the run of one Pipeline and attempt, which the options say; empty if
// there is no such Pipeline.
func (p *Planner) RunName(s Subject, opts plan.Options) string {
	promise := p.promise(s)
	if invalid(promise.Findings) != nil || len(s.Kind.Pipelines(promise.PromiseDoc, opts.Pipeline)) == 0 {
		return ""
	}
	object, err := objectOf(promise, s)
	if err != nil {
		return ""
	}
	return plan.RunName(promise.PromiseDoc, s.Kind, object, opts)
}

// Promise is a Promise as it was loaded last, or as it is loaded now.
func (p *Planner) Promise(object *unstructured.Unstructured) *translate.Promise {
	if known := p.known(object); known != nil {
		return known
	}
	promise := translate.Stored(object.Object)
	if promise.Doc != nil && object.GetUID() != "" {
		p.keep(object, promise)
	}
	return promise
}

func (p *Planner) known(object *unstructured.Unstructured) *translate.Promise {
	p.mutex.Lock()
	known, ok := p.loaded[object.GetUID()]
	p.mutex.Unlock()
	if ok && equality.Semantic.DeepEqual(known.spec, object.Object["spec"]) && maps.Equal(known.promise.Object.Annotations, object.GetAnnotations()) {
		return known.promise
	}
	return nil
}

// keep begins anew when there is no room.
func (p *Planner) keep(object *unstructured.Unstructured, promise *translate.Promise) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	size := len(promise.Doc.JSON())
	if before, ok := p.loaded[object.GetUID()]; ok {
		p.bytes -= len(before.promise.Doc.JSON())
	}
	if p.loaded == nil || p.bytes+size > maxLoaded {
		p.loaded, p.bytes = map[types.UID]loaded{}, 0
	}
	p.loaded[object.GetUID()] = loaded{spec: object.Object["spec"], promise: promise}
	p.bytes += size
}
