// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
)

// finalizerDestination keeps a Destination with cleanup: all until its files are gone.
const finalizerDestination = "kratix.io/destination-cleanup"

// Reasons of a Destination whose State Store cannot be used.
const (
	reasonStoreNotFound = "StateStoreNotFound"
	reasonStoreNotReady = "StateStoreNotReady"
)

// destinations is the controller that writes the first manifests of Destinations, which show that
// files can be written there, and that cleans up after Destinations.
type destinations struct {
	client.Client
	dispatcher *dispatcher
	now        func() time.Time
	tell       teller
}

// Reconcile implements reconcile.Reconciler.
func (r *destinations) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	over, underway := r.dispatcher.collect(sender{v1alpha1.KindDestination, req})
	if underway {
		return reconcile.Result{}, nil
	}
	if over != nil {
		result, err := over.finish(ctx, over)
		if !over.again || err != nil || ctx.Err() != nil {
			return result, err
		}
		return reconcile.Result{RequeueAfter: behind}, nil
	}
	d := &v1alpha1.Destination{}
	if err := r.Get(ctx, req.NamespacedName, d); err != nil {
		return reconcile.Result{}, ignoreGone(err)
	}
	if !d.DeletionTimestamp.IsZero() {
		return reconcile.Result{}, r.remove(ctx, d)
	}
	before := d.DeepCopy()
	change := controllerutil.RemoveFinalizer
	if d.Spec.Cleanup == v1alpha1.CleanupAll {
		change = controllerutil.AddFinalizer
	}
	if change(d, finalizerDestination) {
		if err := patch(ctx, r.Client, before, d); err != nil {
			return reconcile.Result{}, errors.Join(err, ignoreGone(r.notReady(ctx, before, "DestinationFinalizerUpdateFailed", err.Error())))
		}
	}
	return reconcile.Result{}, r.write(ctx, d)
}

// write sends the change of the first manifests to the State Store.
func (r *destinations) write(ctx context.Context, d *v1alpha1.Destination) error {
	if field, message := layout.Fault(d); field != "" {
		return r.notReady(ctx, d, "DestinationNotReady", field+" "+message)
	}
	if holder, err := r.dispatcher.pathHolder(ctx, d); err != nil {
		return err
	} else if holder != nil {
		return r.giveWay(ctx, d, holder)
	}
	obstacle, err := r.dispatcher.send(ctx, DraftOf(layout.Canaries(d, !d.DeletionTimestamp.IsZero())), &trip{
		of: sender{v1alpha1.KindDestination, requestFor(d)}, to: *d.Spec.StateStoreRef,
		finish: func(ctx context.Context, t *trip) (reconcile.Result, error) { return r.finish(ctx, d, t) },
	})
	switch {
	case err != nil || obstacle == nil || obstacle.message == "":
		return err
	case obstacle.missing:
		return r.notReady(ctx, d, reasonStoreNotFound, obstacle.message)
	}
	return r.notReady(ctx, d, reasonStoreNotReady, obstacle.message)
}

// giveWay leaves everything to the Destination that holds the directory.
func (r *destinations) giveWay(ctx context.Context, d, holder *v1alpha1.Destination) error {
	if !d.DeletionTimestamp.IsZero() {
		return r.release(ctx, d)
	}
	return r.notReady(ctx, d, "PathTaken", pathTaken(d, holder))
}

// finish puts the outcome of a trip into the status of its Destination. One that is being deleted
// may go now.
func (r *destinations) finish(ctx context.Context, d *v1alpha1.Destination, t *trip) (reconcile.Result, error) {
	switch err := t.outcome.Err; {
	case errors.Is(err, context.Canceled):
		return reconcile.Result{}, nil // it is sent again
	case err != nil:
		return reconcile.Result{RequeueAfter: t.retry}, ignoreGone(r.notReady(ctx, d, "StateStoreWriteFailed", "Failed to write test documents to State Store: "+err.Error()))
	case !d.DeletionTimestamp.IsZero():
		return reconcile.Result{}, r.release(ctx, d)
	}
	if t.recovered {
		doubt(d.Status.Conditions, placing.ConditionReady)
	}
	ready := metav1.Condition{Status: metav1.ConditionTrue, Reason: "TestDocumentsWritten", Message: "Test documents written to State Store"}
	if enabled := d.Spec.InitWorkloads.Enabled; enabled != nil && !*enabled {
		ready.Reason, ready.Message = "DestinationReady", "Destination is ready"
	}
	return reconcile.Result{}, ignoreGone(r.save(ctx, d, ready))
}

// remove removes what a Destination with cleanup: all has, its WorkPlacements first.
func (r *destinations) remove(ctx context.Context, d *v1alpha1.Destination) error {
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
		if err := r.Delete(ctx, p, client.Preconditions{UID: &p.UID}); ignoreGone(err) != nil {
			return err
		}
	}
	if len(placements) > 0 {
		return nil // the last one wakes it when it goes
	}
	return r.write(ctx, d)
}

func (r *destinations) release(ctx context.Context, d *v1alpha1.Destination) error {
	before := d.DeepCopy()
	controllerutil.RemoveFinalizer(d, finalizerDestination)
	return ignoreGone(patch(ctx, r.Client, before, d))
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
	r.tell.destination(d, before.Status.Conditions)
	return nil
}
