package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/internal/engine"
	"github.com/kratix-compile/kratix-compile/internal/progress"
	"github.com/kratix-compile/kratix-compile/internal/slots"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// maxDecisions bounds how often one reconciliation decides: a start takes three.
const maxDecisions = 8

// A course is one workflow of one object, on its engine.
type course struct {
	*Runner
	object  *object
	promise *unstructured.Unstructured
	kind    workflow.Kind
	engine  *engine.Engine
	// planned is the workflow as it would start now.
	planned plan.Workflow
	// last is what the last decision was made of.
	last progress.Situation
	// refused are runs that the API server would not take, with its words.
	refused map[string]string
	// where are the runs that were seen, and harvests the records.
	where    map[string]*engine.Engine
	harvests map[string]*opened
}

func (r *Runner) course(ctx context.Context, o *object, promise *unstructured.Unstructured, kind workflow.Kind) (*course, error) {
	e, err := r.engineFor(ctx, promise, o.GetNamespace())
	if err != nil {
		return nil, err
	}
	c := &course{Runner: r, object: o, promise: promise, kind: kind, engine: e, refused: map[string]string{}}
	c.planned, err = engine.Plan(c.subject(), r.Options())
	return c, err
}

// advance decides and acts until there is nothing to do but wait. An error asks for
// another try; whatever was done before it stays done.
func (c *course) advance(ctx context.Context) (progress.Decision, error) {
	for range maxDecisions {
		var err error
		if c.last, err = c.situation(ctx); err != nil {
			return progress.Decision{}, err
		}
		decision := progress.Decide(c.last)
		err = c.execute(ctx, decision)
		var refused *engine.Refused
		switch {
		case errors.As(err, &refused):
			continue // the next decision is that the run has failed
		case err != nil:
			return decision, err
		case decision.Again:
			continue
		}
		if c.last.Hold == "" {
			c.Slots.Settle(c.slot(), decision.Outcome == progress.Running)
		}
		decision.Publish(c.object.status(), c.last)
		return decision, nil
	}
	return progress.Decision{Outcome: progress.Waiting, RequeueAfter: time.Second}, nil
}

func (c *course) slot() slots.Claim {
	return claim(c.promise.GetName(), c.namespace(), c.object.Unstructured)
}

func claim(promise, namespace string, o *unstructured.Unstructured) slots.Claim {
	return slots.Claim{Promise: promise, Namespace: namespace, Object: o.GetNamespace() + "/" + o.GetName()}
}

func (c *course) subject() engine.Subject {
	return engine.Subject{Promise: c.promise, Object: c.object.Unstructured, Kind: c.kind}
}

func (c *course) execute(ctx context.Context, d progress.Decision) error {
	for _, action := range d.Actions {
		if err := c.act(ctx, d, action); err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
	}
	for _, e := range d.Events {
		c.record(c.object, e)
	}
	return nil
}

func (c *course) act(ctx context.Context, d progress.Decision, action progress.Action) error {
	switch a := action.(type) {
	case progress.AddLabel:
		return c.object.setLabel(ctx, c.Client, a.Key, "true")
	case progress.RemoveLabel:
		return c.object.setLabel(ctx, c.Client, a.Key, "")
	case progress.Deliver:
		return c.deliver(ctx, a)
	case progress.WriteStatus:
		d.Publish(c.object.status(), c.last)
		return c.object.saveStatus(ctx, c.Client)
	case progress.DropRecord:
		return c.drop(ctx, a.Run)
	case progress.Cancel:
		return c.cancel(ctx, a.Run)
	case progress.Submit:
		return c.submit(ctx, a)
	case progress.CleanUp:
		return c.cleanUp(ctx, a)
	default:
		return fmt.Errorf("nobody knows how to %s", action)
	}
}

// submit compiles the Pipeline for this round and creates what comes of it.
func (c *course) submit(ctx context.Context, a progress.Submit) error {
	run, objects, err := c.engine.Compile(c.subject(), c.options(a.Pipeline, a.Round))
	if err != nil {
		return err
	}
	if run.Name != a.Run {
		return fmt.Errorf("the run was to be %s and is %s; this is a fault of kratix-runner", a.Run, run.Name)
	}
	if err := c.EnsureNamespace(ctx, run.Namespace); err != nil {
		return err
	}
	err = c.engine.Submit(ctx, objects)
	var refused *engine.Refused
	if errors.As(err, &refused) {
		c.refused[a.Run] = refused.Error()
	}
	return err
}

func (c *course) options(pipeline string, round int) plan.Options {
	opts := c.Options()
	opts.Pipeline, opts.Attempt = pipeline, round
	return opts
}

func (c *course) cancel(ctx context.Context, run string) error {
	e, ok := c.where[run]
	if !ok {
		return nil // it is gone
	}
	return e.Cancel(ctx, c.namespace(), run)
}

// namespace is where the runs are (docs/kratix-contract.md 3.2).
func (c *course) namespace() string {
	return c.namespaceFor(c.promise, c.object.Unstructured)
}

func (r *Runner) namespaceFor(promise, object *unstructured.Unstructured) string {
	return cmp.Or(pipelineNamespace(promise), object.GetNamespace(), r.Options().SystemNamespace)
}

// shared tells whether requests of all namespaces meet where the runs are.
func (c *course) shared() bool { return pipelineNamespace(c.promise) != "" }

func pipelineNamespace(promise *unstructured.Unstructured) string {
	return nestedString(promise, "spec", "workflows", "config", "pipelineNamespace")
}
