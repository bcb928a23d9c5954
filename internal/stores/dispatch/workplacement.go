// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/tracing"
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// finalizerStateFile is Kratix's on WorkPlacements in mode none. Here one finalizer
// stands for all that a WorkPlacement has in a State Store.
const finalizerStateFile = "finalizers.workplacement.kratix.io/kratix-dot-files-cleanup"

// workPlacements writes and removes files. It alone writes the status of a
// WorkPlacement.
type workPlacements struct {
	client.Client
	live     client.Reader
	contents *contents
	stores   *stores
	flights  *flights[*v1alpha1.WorkPlacement]
	tracer   *tracing.Tracer
	now      func() time.Time
	events   events.EventRecorder
}

// Reconcile implements reconcile.Reconciler.
func (r *workPlacements) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	landed, flying := r.flights.end(req)
	if flying {
		return reconcile.Result{}, nil
	}
	reader := client.Reader(r.Client)
	if landed != nil {
		result, err := r.settle(ctx, req, landed)
		if !landed.again || err != nil {
			return result, err
		}
		reader = r.live // a cache may not know yet what was just written
	}
	p := &v1alpha1.WorkPlacement{}
	if err := reader.Get(ctx, req.NamespacedName, p); err != nil {
		return reconcile.Result{}, later(err)
	}
	err := r.start(ctx, req, p)
	if errors.Is(err, errBehind) {
		return reconcile.Result{RequeueAfter: behind}, nil
	}
	return reconcile.Result{}, err
}

// start sends the files of a WorkPlacement off.
func (r *workPlacements) start(ctx context.Context, req reconcile.Request, p *v1alpha1.WorkPlacement) error {
	d := &v1alpha1.Destination{}
	err := r.Get(ctx, client.ObjectKey{Name: p.Spec.TargetDestinationName}, d)
	if apierrors.IsNotFound(err) {
		if err := r.release(ctx, p); err != nil || !p.DeletionTimestamp.IsZero() {
			return err
		}
		return r.save(ctx, p, placing.Outcome{Waiting: "Destination " + p.Spec.TargetDestinationName + " is gone; the files stay where they are"})
	}
	if err != nil {
		return err
	}
	if !p.DeletionTimestamp.IsZero() && !controllerutil.ContainsFinalizer(p, placing.Finalizer) {
		return r.release(ctx, p)
	}
	if before := p.DeepCopy(); p.DeletionTimestamp.IsZero() && controllerutil.AddFinalizer(p, placing.Finalizer) {
		if err := patch(ctx, r.Client, before, p); err != nil {
			return later(err)
		}
	}
	if d.Spec.StateStoreRef == nil {
		return r.save(ctx, p, placing.Outcome{Waiting: "Destination " + d.Name + " has no spec.stateStoreRef"})
	}
	if holder, err := r.stores.holder(ctx, d); err != nil {
		return err
	} else if holder != nil {
		return r.giveWay(ctx, p, d, holder)
	}
	held, err := r.send(ctx, req, p, d)
	if err != nil || held == nil || held.message == "" || placing.Written(p) {
		return err
	}
	return r.save(ctx, p, placing.Outcome{Waiting: held.message}) // the State Store wakes it
}

func (r *workPlacements) send(ctx context.Context, req reconcile.Request, p *v1alpha1.WorkPlacement, d *v1alpha1.Destination) (*hold, error) {
	fl := &flight[*v1alpha1.WorkPlacement]{object: p, store: *d.Spec.StateStoreRef}
	var draft statestore.Draft
	var err error
	switch {
	case layout.Aggregates(d):
		if draft, err = r.aggregated(ctx, p, d); err != nil {
			return nil, err
		}
	case layout.Nested(d):
		var leave bool
		if draft, leave, err = r.nested(ctx, p, d); err != nil {
			return nil, err
		}
		if leave {
			return nil, r.release(ctx, p)
		}
	default:
		draft = r.own(ctx, p, d)
	}
	return r.flights.begin(ctx, req, fl, r.stores, draft)
}

// own are the files of a WorkPlacement alone.
func (r *workPlacements) own(ctx context.Context, p *v1alpha1.WorkPlacement, d *v1alpha1.Destination) statestore.Draft {
	if !p.DeletionTimestamp.IsZero() {
		return layout.Removal(p, d).Draft()
	}
	files, release := r.contents.of(ctx, p)
	change := layout.Update(p, d, files)
	change.Release = release
	return change.Draft()
}

// settle writes down how a flight has ended.
func (r *workPlacements) settle(ctx context.Context, req reconcile.Request, fl *flight[*v1alpha1.WorkPlacement]) (reconcile.Result, error) {
	p, o := fl.object, fl.outcome
	r.trace(fl)
	switch {
	case errors.Is(o.Err, context.Canceled): // another version of the State Store has taken over
		fl.again = ctx.Err() == nil
		return reconcile.Result{}, nil
	case o.Err != nil:
		r.stores.suspect(fl.store)
		return reconcile.Result{RequeueAfter: r.flights.retry(req)}, r.save(ctx, p, placing.Outcome{Err: o.Err})
	}
	r.flights.succeeded(req)
	if !p.DeletionTimestamp.IsZero() {
		fl.again = false
		tellStay(r.events, p, o.Stay)
		return reconcile.Result{}, r.release(ctx, p)
	}
	version := o.Version
	if !o.Changed && placing.Written(p) && p.Status.VersionID != "" {
		version = p.Status.VersionID
	}
	return reconcile.Result{}, r.save(ctx, p, placing.Outcome{VersionID: version})
}

// save writes a status that differs.
func (r *workPlacements) save(ctx context.Context, p *v1alpha1.WorkPlacement, o placing.Outcome) error {
	status := placing.After(p, o, r.now())
	if equality.Semantic.DeepEqual(p.Status, status) {
		return nil
	}
	before := p.DeepCopy()
	p.Status = status
	if err := r.Status().Patch(ctx, p, client.MergeFrom(before)); err != nil {
		return later(err)
	}
	turned := turn{placing.ConditionWritten, before.Status.Conditions, status.Conditions}
	turned.tell(r.events, p, "Write")
	return nil
}

// release lets a WorkPlacement go that has nothing in a State Store, or nothing that
// could be reached.
func (r *workPlacements) release(ctx context.Context, p *v1alpha1.WorkPlacement) error {
	before := p.DeepCopy()
	ours := controllerutil.RemoveFinalizer(p, placing.Finalizer)
	if !controllerutil.RemoveFinalizer(p, finalizerStateFile) && !ours {
		return nil
	}
	return later(patch(ctx, r.Client, before, p))
}
