// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// maxDecisions bounds how often one reconciliation decides: a start takes three.
const maxDecisions = 8

// advance gathers, decides and executes until there is nothing to do but wait. After an error the
// next reconciliation begins with gathering again; what was done before the error stays done.
func (f *flow) advance(ctx context.Context) (progress.Decision, error) {
	if f.fault != nil {
		f.Slots.Release(f.slot()) // others need not wait until it is mended
		return progress.Decision{}, f.fault
	}
	known := refusals{}
	for range maxDecisions {
		s, err := f.gather(ctx, known)
		if err != nil {
			return progress.Decision{}, err
		}
		decision := progress.Decide(s.Situation)
		if err := f.execute(ctx, s, &decision); err != nil {
			if f.learn(known, err) {
				continue // the next decision is that the Pipeline has failed
			}
			f.giveBack(s, decision, err)
			return decision, err
		}
		f.count(s.Status, decision.Status)
		if !decision.Again {
			err := f.conclude(ctx, s, &decision)
			return decision, err
		}
	}
	return progress.Decision{Outcome: progress.Waiting, RequeueAfter: time.Second}, nil
}

// seen is what a decision is made of, and the things themselves that it is about.
type seen struct {
	progress.Situation
	runs    []run
	results map[string]*results // by the name of the run
}

// engineOf is the engine that a run is submitted to. A run that an earlier try may have created stays
// with the engine that has it, whatever the object has been told since.
func (s *seen) engineOf(chosen *engine.Engine, a progress.Submit) *engine.Engine {
	for _, r := range s.runs {
		if a.Again && r.GetName() == a.Run {
			return r.engine
		}
	}
	return chosen
}

// gather reads records after runs: a run that succeeded without a record has failed.
func (f *flow) gather(ctx context.Context, known refusals) (*seen, error) {
	status := progress.Read(f.object.status())
	s := &seen{Situation: f.situation(status)}
	current, _ := status.Current()
	var err error
	if s.runs, err = f.runs(ctx, current); err != nil {
		return nil, err
	}
	if s.Runs, err = f.observe(ctx, s.runs, current, known); err != nil {
		return nil, err
	}
	if s.results, err = f.results(ctx, s.Runs, current); err != nil {
		return nil, err
	}
	for _, run := range slices.Sorted(maps.Keys(s.results)) {
		s.Records = append(s.Records, s.results[run].asRecord(known))
	}
	if status.Round == 0 && len(s.runs) > 0 {
		// Somebody has emptied the status. No run can have had as high a round as there were seconds.
		s.LastRound = int(f.Now().Unix())
	}
	if err := f.seed(ctx); err != nil {
		return nil, err
	}
	s.Hold = f.hold()
	return s, nil
}

// situation has what the object and its Promise say themselves.
func (f *flow) situation(status progress.Status) progress.Situation {
	retry := f.Options().Config.Workflows.ReconcileAfterFailure
	completed, _, _ := unstructured.NestedInt64(f.object.Object, "status", "observedGeneration")
	wanted := progress.Wanted{Action: f.kind.Action}
	for _, run := range f.planned.Runs {
		wanted.Pipelines, wanted.Hash = append(wanted.Pipelines, run.Pipeline), run.Hash()
	}
	return progress.Situation{
		Now:          f.Now(),
		Type:         f.kind.Type,
		Generation:   f.object.GetGeneration(),
		Completed:    completed,
		Version:      f.promise.GetLabels()[v1alpha1.LabelPromiseVersion],
		Labels:       f.object.GetLabels(),
		Paused:       paused(f.object.Unstructured) || paused(f.promise),
		Wanted:       wanted,
		Status:       status,
		Interval:     f.interval(),
		RetryFailed:  retry == nil || *retry,
		RunName:      f.runName,
		RunNamespace: f.owner().Namespace,
	}
}

// hold is why nothing may start now. If something may, the object has a slot for it.
func (f *flow) hold() progress.Why {
	if f.blocked != (progress.Why{}) {
		return f.blocked
	}
	if full := f.Slots.Hold(f.slot()); full != "" {
		return progress.Why{Reason: progress.ReasonWaitingForSlot, Message: full}
	}
	return progress.Why{}
}

// execute ends with the first action that fails.
func (f *flow) execute(ctx context.Context, s *seen, d *progress.Decision) error {
	for _, action := range d.Actions {
		if err := f.act(ctx, s, d, action); err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
	}
	f.tell(f.object, d.Events...)
	return nil
}

// conclude ends a reconciliation after which there is nothing to do but wait. It takes or frees the
// slot of the object, deletes runs that have expired, and publishes a decision that did not have to
// be written.
func (f *flow) conclude(ctx context.Context, s *seen, d *progress.Decision) error {
	switch {
	case d.Outcome == progress.Running:
		f.Slots.Take(f.slot())
	case d.Outcome == progress.Waiting && f.blocked == (progress.Why{}): // it keeps its slot, or its place in the queue
	default: // what a request waits for may need the slot itself
		f.Slots.Release(f.slot())
	}
	next, err := f.expire(ctx, s.runs, d.Status)
	if err != nil {
		return err
	}
	d.RequeueAfter = sooner(d.RequeueAfter, next)
	if slices.Contains(d.Actions, progress.Action(progress.WriteStatus{})) {
		return nil // it has published it
	}
	d.Publish(f.object.status(), s.Situation)
	return f.publishFiles(ctx, d)
}

func (f *flow) act(ctx context.Context, s *seen, d *progress.Decision, action progress.Action) error {
	switch a := action.(type) {
	case progress.AddLabel:
		return f.object.mark(ctx, map[string]any{a.Key: "true"}, nil)
	case progress.RemoveLabel:
		return f.object.mark(ctx, map[string]any{a.Key: nil}, nil)
	case progress.TakeResults:
		return f.take(ctx, s.results[a.Run], a)
	case progress.WriteStatus:
		return f.write(ctx, s, d)
	case progress.DropRecord:
		return f.drop(ctx, s.results[a.Run])
	case progress.Cancel:
		return cancel(ctx, s.runs, a.Run)
	case progress.Submit:
		return f.submit(ctx, s.engineOf(f.engine, a), d, a)
	case progress.CleanUp:
		return f.cleanUp(ctx, s.runs, a)
	default:
		return fmt.Errorf("nobody knows how to %s", action)
	}
}

// write fails for good if a Pipeline has put into status.yaml what the API forbids.
func (f *flow) write(ctx context.Context, s *seen, d *progress.Decision) error {
	d.Publish(f.object.status(), s.Situation)
	taken := ""
	for _, action := range d.Actions {
		if a, ok := action.(progress.TakeResults); ok {
			taken = a.Run
		}
	}
	forbidden := func(err error) error {
		return &refused{run: taken, results: true, err: fmt.Errorf("status.yaml: %w", err)}
	}
	if taken != "" {
		if err := f.object.checkSize(); err != nil {
			return forbidden(err)
		}
	}
	if err := f.publishFiles(ctx, d); err != nil {
		return err
	}
	err := f.object.saveStatus(ctx)
	if taken != "" && refusal.Final(err) {
		return forbidden(err)
	}
	return err
}

// publishFiles says what has become of the files of a workflow that has completed. Later, every
// change of a Work wakes its object.
func (f *flow) publishFiles(ctx context.Context, d *progress.Decision) error {
	if d.Outcome != progress.Completed || f.kind.Action != workflow.Configure {
		return nil
	}
	placed, err := f.placed(ctx)
	if err != nil {
		return err
	}
	f.tell(f.object, progress.SetWorks(f.object.status(), placed, f.dryRun(), f.Now())...)
	return nil
}

// refusals are what the API server does not take, however often it is asked, by the name of the
// run.
type refusals map[string]*refused

// refused is a run that cannot be created, or whose results cannot be used.
type refused struct {
	run     string
	results bool
	err     error
}

func (r *refused) Error() string { return r.err.Error() }

// learn notes what an error says is refused for good; false if it says no such thing, or nothing
// new. What refused results have put into the status is taken out again.
func (f *flow) learn(known refusals, err error) bool {
	r, ok := errors.AsType[*refused](err)
	if !ok || known[r.run] != nil {
		return false
	}
	known[r.run] = r
	if r.results {
		f.object.reset()
	}
	return true
}

// giveBack frees the slot of an object that has no run after an error that may last: a quota, a
// policy, a missing right. A conflict lasts a moment, and so the slot is kept.
func (f *flow) giveBack(s *seen, d progress.Decision, err error) {
	before, _ := s.Status.Current()
	current, _ := d.Status.Current()
	created := d.Status.Accepts(current.Run) && current.RunUID != "" && current.RunUID != before.RunUID
	if !created && !slices.ContainsFunc(s.Runs, progress.Run.Active) && !apierrors.IsConflict(err) {
		f.Slots.Release(f.slot())
	}
}
