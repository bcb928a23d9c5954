// SPDX-License-Identifier: Apache-2.0

// Package dispatch brings the files of Works to State Stores. This file is their way, from top
// to bottom:
//
//	Work           place    chooses Destinations, and makes a WorkPlacement for each
//	WorkPlacement  write    sends its change to the State Store of its Destination
//	               draft    says how to make that change: which files, at which paths (layout)
//	change         send     goes into the queue of the State Store
//	queue          Run      while one batch is written, the next one gathers
//	batch          apply    has its changes made, and written together by the State Store:
//	                        which files to put and remove (merging), then one commit (git) or
//	                        many puts at the same time (bucket)
//	outcome        finish   goes into the status of the WorkPlacement
//
// The other files have what surrounds it: the controllers, what wakes them, and the dispatcher with
// the queues. Only the API server remembers anything. A runner that takes over sends every change
// again; one that the State Store has already costs a comparison.
package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
)

// place chooses the Destinations of a Work. It makes, changes and deletes WorkPlacements so that
// there is one for each of them.
func (r *works) place(ctx context.Context, w *v1alpha1.Work, state placing.State) (placing.Plan, error) {
	plan, begun := placing.Place(state), time.Now()
	var errs []error
	for _, p := range plan.Delete {
		errs = append(errs, r.delete(ctx, p))
	}
	for _, p := range plan.Update {
		errs = append(errs, r.Update(ctx, p))
	}
	for _, p := range plan.Create {
		errs = append(errs, r.create(ctx, w, p))
	}
	err := errors.Join(errs...)
	r.meters.placed(plan)
	r.trace(w, plan, begun, err)
	return plan, err
}

// write sends the change of a WorkPlacement to the State Store of its Destination, or says what
// keeps it back. finish hears of the outcome.
func (r *workPlacements) write(ctx context.Context, p *v1alpha1.WorkPlacement, d *v1alpha1.Destination) (*obstacle, error) {
	draft, nothing, err := r.draft(ctx, p, d)
	switch {
	case err != nil:
		return nil, err
	case nothing:
		return nil, r.release(ctx, p)
	}
	return r.dispatcher.send(ctx, draft, &trip{
		of: sender{v1alpha1.KindWorkPlacement, requestFor(p)}, to: *d.Spec.StateStoreRef,
		finish: func(ctx context.Context, t *trip) (reconcile.Result, error) { return r.finish(ctx, p, t) },
	})
}

// draft says how the change of a WorkPlacement is made, in the mode of its Destination. Nothing
// is to be done if another WorkPlacement keeps the directory of one that is being deleted.
func (r *workPlacements) draft(ctx context.Context, p *v1alpha1.WorkPlacement, d *v1alpha1.Destination) (draft Draft, nothing bool, err error) {
	if layout.Aggregates(d) {
		draft, err = r.aggregated(ctx, p, d)
		return draft, false, err
	}
	if layout.Nested(d) {
		switch holder, err := r.directoryHolder(ctx, p); {
		case err != nil:
			return Draft{}, false, err
		case holder != nil && !p.DeletionTimestamp.IsZero():
			return Draft{}, true, nil
		case holder != nil:
			return refused(p, directoryTaken(p, holder)), false, nil
		}
	}
	if !p.DeletionTimestamp.IsZero() {
		return DraftOf(layout.Removal(p, d)), false, nil
	}
	files, release := r.contents.of(ctx, p)
	change := layout.Update(p, d, files)
	change.Release = release
	return DraftOf(change), false, nil
}

// send puts a change into the queue of its State Store and returns at once, or it says what keeps
// the change back. When the change is written, or has failed, the dispatcher wakes the
// controller that has sent it, and the controller collects the trip.
func (d *dispatcher) send(ctx context.Context, draft Draft, t *trip) (*obstacle, error) {
	switch store := d.submit(draft, t); {
	case store == nil:
		there, err := d.exists(ctx, t.to)
		if err != nil || there {
			return &obstacle{}, err // it is about to be opened
		}
		return &obstacle{message: fmt.Sprintf("%s %s is not there", t.to.Kind, t.to.Name), missing: true}, nil
	case store.queue == nil:
		return &obstacle{message: fmt.Sprintf("%s %s: %s", t.to.Kind, t.to.Name, store.fault)}, nil
	}
	return nil, nil
}

// Run writes what is submitted until ctx ends. What is in the queue then gets ctx's error. So
// does what is submitted later, if Run is called again.
func (q *Queue) Run(ctx context.Context) {
	for q.awaitChange(ctx) {
		q.apply(ctx)
	}
	for e := q.next(); e != nil; e = q.next() {
		e.outcome.Err = ctx.Err()
		e.tell()
	}
}

// apply takes a batch out of the queue, makes its changes, and has the State Store write them
// together. A change that cannot be made, or that the State Store refuses, fails alone.
func (q *Queue) apply(ctx context.Context) {
	ctx, cancel := context.WithTimeoutCause(ctx, q.timeout, fmt.Errorf("%w: a batch took more than %s", context.DeadlineExceeded, q.timeout))
	defer cancel()
	b := q.gather(ctx)
	for i, o := range q.store.Apply(ctx, b.changes) {
		b.of[i].outcome = o
		if release := b.changes[i].Release; release != nil {
			release()
		}
		q.pause(o.Err)
	}
	q.resize(errors.Is(ctx.Err(), context.DeadlineExceeded), len(b.changes))
	for _, e := range b.entries {
		e.tell()
	}
}

// finish puts the outcome of a trip into the status of its WorkPlacement. One that is being
// deleted may go now.
func (r *workPlacements) finish(ctx context.Context, p *v1alpha1.WorkPlacement, t *trip) (reconcile.Result, error) {
	r.trace(p, t)
	o := t.outcome
	r.meters.written(p, o.Err)
	switch {
	case errors.Is(o.Err, context.Canceled):
		return reconcile.Result{}, nil // it is sent again
	case o.Err != nil:
		return reconcile.Result{RequeueAfter: t.retry}, r.save(ctx, p, placing.Attempt{Err: o.Err})
	case !p.DeletionTimestamp.IsZero():
		r.tell.stay(p, o.Stay)
		return reconcile.Result{}, r.release(ctx, p)
	}
	version := o.Version
	if !o.Changed && placing.Written(p) && p.Status.VersionID != "" {
		version = p.Status.VersionID // the State Store may be at a newer one
	}
	if t.recovered {
		doubt(p.Status.Conditions, placing.ConditionWritten)
	}
	return reconcile.Result{}, r.save(ctx, p, placing.Attempt{VersionID: version})
}
