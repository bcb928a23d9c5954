// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
)

// finalizerDestination keeps a Destination with cleanup: all until its files are gone.
const finalizerDestination = "kratix.io/destination-cleanup"

// destinations keeps the first manifests of Destinations, which show that they can be
// written, and cleans up after them.
type destinations struct {
	client.Client
	stores  *stores
	flights *flights[*v1alpha1.Destination]
	now     func() time.Time
	events  events.EventRecorder
}

// Reconcile implements reconcile.Reconciler.
func (r *destinations) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	landed, flying := r.flights.end(req)
	if flying {
		return reconcile.Result{}, nil
	}
	if landed != nil {
		result, err := r.settle(ctx, req, landed)
		if !landed.again || err != nil {
			return result, err
		}
		return reconcile.Result{RequeueAfter: behind}, nil
	}
	d := &v1alpha1.Destination{}
	if err := r.Get(ctx, req.NamespacedName, d); err != nil {
		return reconcile.Result{}, later(err)
	}
	if !d.DeletionTimestamp.IsZero() {
		return reconcile.Result{}, r.remove(ctx, req, d)
	}
	before := d.DeepCopy()
	change := controllerutil.RemoveFinalizer
	if d.Spec.Cleanup == v1alpha1.CleanupAll {
		change = controllerutil.AddFinalizer
	}
	if change(d, finalizerDestination) {
		if err := patch(ctx, r.Client, before, d); err != nil {
			return reconcile.Result{}, errors.Join(err, later(r.notReady(ctx, before, "DestinationFinalizerUpdateFailed", err.Error())))
		}
	}
	return reconcile.Result{}, r.send(ctx, req, d)
}

func (r *destinations) send(ctx context.Context, req reconcile.Request, d *v1alpha1.Destination) error {
	if field, message := layout.Fault(d); field != "" {
		return r.notReady(ctx, d, "DestinationNotReady", field+" "+message)
	}
	if holder, err := r.stores.holder(ctx, d); err != nil {
		return err
	} else if holder != nil {
		return r.giveWay(ctx, d, holder)
	}
	fl := &flight[*v1alpha1.Destination]{object: d, store: *d.Spec.StateStoreRef}
	held, err := r.flights.begin(ctx, req, fl, r.stores, layout.Canaries(d, !d.DeletionTimestamp.IsZero()).Draft())
	switch {
	case err != nil || held == nil || held.message == "":
		return err
	case held.missing:
		return r.notReady(ctx, d, "StateStoreNotFound", held.message)
	}
	return r.notReady(ctx, d, "StateStoreNotReady", held.message)
}

// giveWay leaves everything to the Destination that has the directory.
func (r *destinations) giveWay(ctx context.Context, d, holder *v1alpha1.Destination) error {
	if !d.DeletionTimestamp.IsZero() {
		return r.release(ctx, d)
	}
	return r.notReady(ctx, d, "PathTaken", taken(d, holder))
}

func (r *destinations) settle(ctx context.Context, req reconcile.Request, fl *flight[*v1alpha1.Destination]) (reconcile.Result, error) {
	d, o := fl.object, fl.outcome
	switch {
	case errors.Is(o.Err, context.Canceled):
		fl.again = ctx.Err() == nil
		return reconcile.Result{}, nil
	case o.Err != nil:
		r.stores.suspect(fl.store)
		return reconcile.Result{RequeueAfter: r.flights.retry(req)}, later(r.notReady(ctx, d, "StateStoreWriteFailed", "Failed to write test documents to State Store: "+o.Err.Error()))
	}
	r.flights.succeeded(req)
	if !d.DeletionTimestamp.IsZero() {
		fl.again = false
		return reconcile.Result{}, r.release(ctx, d)
	}
	ready := metav1.Condition{Status: metav1.ConditionTrue, Reason: "TestDocumentsWritten", Message: "Test documents written to State Store"}
	if enabled := d.Spec.InitWorkloads.Enabled; enabled != nil && !*enabled {
		ready.Reason, ready.Message = "DestinationReady", "Destination is ready"
	}
	return reconcile.Result{}, later(r.save(ctx, d, ready))
}

// remove takes away what a Destination with cleanup: all has, its WorkPlacements first.
func (r *destinations) remove(ctx context.Context, req reconcile.Request, d *v1alpha1.Destination) error {
	if !controllerutil.ContainsFinalizer(d, finalizerDestination) {
		return nil
	}
	if d.Spec.Cleanup != v1alpha1.CleanupAll {
		return r.release(ctx, d)
	}
	placements, err := placementsOf(ctx, r.Client, d.Name)
	if err != nil {
		return err
	}
	for i := range placements {
		p := &placements[i]
		if !p.DeletionTimestamp.IsZero() {
			continue
		}
		if err := r.Delete(ctx, p, client.Preconditions{UID: &p.UID}); later(err) != nil {
			return err
		}
	}
	if len(placements) > 0 {
		return nil // the last one that goes wakes it
	}
	return r.send(ctx, req, d)
}

func (r *destinations) release(ctx context.Context, d *v1alpha1.Destination) error {
	before := d.DeepCopy()
	controllerutil.RemoveFinalizer(d, finalizerDestination)
	return later(patch(ctx, r.Client, before, d))
}

func (r *destinations) notReady(ctx context.Context, d *v1alpha1.Destination, reason, message string) error {
	return r.save(ctx, d, metav1.Condition{Status: metav1.ConditionFalse, Reason: reason, Message: message})
}

func (r *destinations) save(ctx context.Context, d *v1alpha1.Destination, ready metav1.Condition) error {
	before := d.DeepCopy()
	if !setReady(&d.Status.Conditions, ready, d.Generation, r.now()) {
		return nil
	}
	if err := r.Status().Patch(ctx, d, client.MergeFrom(before)); err != nil {
		return err
	}
	turned := turn{placing.ConditionReady, before.Status.Conditions, d.Status.Conditions}
	turned.tell(r.events, d, "Check")
	return nil
}

func setReady(all *[]metav1.Condition, ready metav1.Condition, generation int64, now time.Time) bool {
	ready.Type, ready.ObservedGeneration, ready.LastTransitionTime = placing.ConditionReady, generation, metav1.NewTime(now)
	ready.Message = placing.Short(ready.Message)
	return meta.SetStatusCondition(all, ready)
}
