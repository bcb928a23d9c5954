// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
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
	// planned is the workflow as it would start now; fault is why there is none.
	planned plan.Workflow
	fault   error
	// settled is whether the status says already what became of the files.
	settled bool
	// wait is why nothing may start, but for slots; empty if it may.
	wait progress.Why
	// last is what the last decision was made of.
	last progress.Situation
	// refused are runs that the API server would not take, and spoilt those whose results
	// it would not, with its words.
	refused, spoilt map[string]string
	submitting      string
	// created is whether a run was submitted, and ran whether there are runs, ended or not.
	created, ran bool
	// where are the runs that were seen, and harvests the records.
	where    map[string]place
	harvests map[string]*opened
	// heads are the records as the cache has them.
	heads map[string]client.Object
	// fresh are the generations of the Works that were written, which a cache may not have.
	fresh map[string]int64
}

// course also is one whose workflow cannot be planned: it can still be cleaned up after.
func (r *Runner) course(ctx context.Context, o *object, promise *unstructured.Unstructured, kind workflow.Kind) *course {
	c := &course{
		Runner: r, object: o, promise: promise, kind: kind, engine: r.Engines[0],
		refused: map[string]string{}, spoilt: map[string]string{}, fresh: map[string]int64{},
	}
	var e *engine.Engine
	if e, c.fault = r.EngineFor(ctx, promise, o.GetNamespace()); c.fault != nil {
		return c
	}
	c.engine = e
	c.planned, c.fault = r.planner.Plan(c.subject(), r.Options())
	return c
}

// broken tells whether the workflow cannot be planned.
func (c *course) broken() bool { return c.fault != nil }

// advance decides and acts until there is nothing to do but wait. An error asks for
// another try; whatever was done before it stays done.
func (c *course) advance(ctx context.Context) (progress.Decision, error) {
	if c.fault != nil {
		c.Slots.Settle(c.slot(), false) // others need not wait until it is mended
		return progress.Decision{}, c.fault
	}
	for range maxDecisions {
		var err error
		if c.last, err = c.situation(ctx); err != nil {
			return progress.Decision{}, err
		}
		decision := progress.Decide(c.last)
		if err := c.execute(ctx, &decision); err != nil {
			if c.learnt(err) {
				continue // the next decision is that the run has failed
			}
			c.giveBack(err)
			return decision, err
		}
		c.observe(c.last.Status, decision.Status)
		if decision.Again {
			continue
		}
		switch {
		case decision.Outcome == progress.Running:
			c.Slots.Settle(c.slot(), true)
		case decision.Outcome == progress.Waiting && c.wait == (progress.Why{}): // it keeps its slot, or its place in the queue
		default: // what a request waits for may need the slot itself
			c.Slots.Settle(c.slot(), false)
		}
		decision.Publish(c.object.status(), c.last)
		return decision, nil
	}
	return progress.Decision{Outcome: progress.Waiting, RequeueAfter: time.Second}, nil
}

// giveBack frees the slot of an object that has no run, for as long as what keeps it from
// starting one may take: a quota, a policy, a missing right. A conflict takes a moment.
func (c *course) giveBack(err error) {
	active := slices.ContainsFunc(c.last.Runs, func(r progress.Run) bool {
		return r.State == progress.RunWaiting || r.State == progress.RunRunning
	})
	if !active && !c.created && !apierrors.IsConflict(err) {
		c.Slots.Settle(c.slot(), false)
	}
}

// spoilt are results that can never be delivered.
type spoilt struct {
	run string
	err error
}

func (s *spoilt) Error() string { return s.err.Error() }

// learnt takes note of what is refused for good. What was not written yet is forgotten.
func (c *course) learnt(err error) bool {
	if refused, ok := errors.AsType[*engine.Refused](err); ok && c.refused[c.submitting] == "" {
		c.refused[c.submitting] = shorten(refused.Error(), maxText)
		return true
	}
	if s, ok := errors.AsType[*spoilt](err); ok && c.spoilt[s.run] == "" {
		c.spoilt[s.run] = shorten(s.Error(), maxText)
		c.object.reset()
		return true
	}
	return false
}

func (c *course) slot() slots.Claim {
	return claim(c.promise.GetName(), c.owner().Namespace, c.object.Unstructured)
}

func claim(promise, namespace string, o *unstructured.Unstructured) slots.Claim {
	return slots.Claim{Promise: promise, Namespace: namespace, Object: o.GetNamespace() + "/" + o.GetName()}
}

func (c *course) subject() engine.Subject {
	return engine.Subject{Promise: c.promise, Object: c.object.Unstructured, Kind: c.kind}
}

func (c *course) execute(ctx context.Context, d *progress.Decision) error {
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

func (c *course) act(ctx context.Context, d *progress.Decision, action progress.Action) error {
	switch a := action.(type) {
	case progress.AddLabel:
		return c.object.setLabel(ctx, c.Client, a.Key, "true")
	case progress.RemoveLabel:
		return c.object.setLabel(ctx, c.Client, a.Key, "")
	case progress.Deliver:
		return c.deliver(ctx, a)
	case progress.WriteStatus:
		return c.write(ctx, d)
	case progress.DropRecord:
		return c.drop(ctx, a.Run)
	case progress.Cancel:
		return c.cancel(ctx, a.Run)
	case progress.Submit:
		return c.submit(ctx, d, a)
	case progress.CleanUp:
		return c.cleanUp(ctx, a)
	default:
		return fmt.Errorf("nobody knows how to %s", action)
	}
}

// write fails for good if a Pipeline has put into status.yaml what the API forbids.
func (c *course) write(ctx context.Context, d *progress.Decision) error {
	d.Publish(c.object.status(), c.last)
	var delivered string
	for _, action := range d.Actions {
		if a, ok := action.(progress.Deliver); ok {
			delivered = a.Run
		}
	}
	if delivered != "" {
		if err := checkSize(c.object.Unstructured); err != nil {
			return &spoilt{run: delivered, err: fmt.Errorf("status.yaml: %w", err)}
		}
	}
	completed := d.Outcome == progress.Completed && c.kind.Action == workflow.Configure
	if completed {
		if err := c.settle(ctx); err != nil { // or it would have to be written again at once
			return err
		}
	}
	err := c.object.saveStatus(ctx, c.Client)
	c.settled = completed && err == nil
	if delivered != "" && refusal.Final(err) {
		return &spoilt{run: delivered, err: fmt.Errorf("status.yaml: %w", err)}
	}
	return err
}

// submit compiles the Pipeline for this round, creates what comes of it, and writes down
// which object the run is.
func (c *course) submit(ctx context.Context, d *progress.Decision, a progress.Submit) error {
	c.submitting = a.Run
	begun := time.Now()
	planned, err := c.planner.Plan(c.subject(), c.options(a.Pipeline, a.Round)) // the input has the status of now
	var objects []manifest.Object
	if err == nil {
		objects, err = c.engine.Compile(planned)
	}
	c.traced("compile", a.Pipeline, a.Run, begun, err)
	if err != nil {
		return err
	}
	run := planned.Runs[0]
	if run.Name != a.Run {
		return fmt.Errorf("the run was to be %s and is %s; this is a fault of kratix-runner", a.Run, run.Name)
	}
	if err := c.EnsureNamespace(ctx, run.Namespace); err != nil {
		return err
	}
	c.meters.submitted.WithLabelValues(c.engine.Name, c.kind.String()).Inc()
	sealed := &objects[len(objects)-1]
	c.Seal.Put(sealed, c.object.GetUID())
	begun = time.Now()
	submit := c.engine.Submit
	if a.Again {
		submit = c.engine.Resume
	}
	err = submit(ctx, objects)
	c.traced("submit", a.Pipeline, a.Run, begun, err)
	c.created = sealed.GetUID() != ""
	if err != nil {
		return err
	}
	d.Status.Created(a.Run, string(sealed.GetUID()))
	d.Status.Write(c.object.status())
	return c.object.saveStatus(ctx, c.Client)
}

func (c *course) options(pipeline string, round int) plan.Options {
	opts := c.Options()
	opts.Pipeline, opts.Attempt = pipeline, round
	return opts
}

func (c *course) cancel(ctx context.Context, run string) error {
	at, ok := c.where[run]
	if !ok {
		return nil // it is gone
	}
	return at.engine.Cancel(ctx, at.namespace, run, at.uid)
}
