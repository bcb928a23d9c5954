// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
	"github.com/kratix-compile/kratix-compile/internal/tracing"
	"github.com/kratix-compile/kratix-compile/internal/work"
)

// works is the controller that places Works.
type works struct {
	client.Client
	live   client.Reader
	tell   teller
	meters *meters
	tracer *tracing.Tracer
	now    func() time.Time
}

// Reconcile implements reconcile.Reconciler.
func (r *works) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	w := &v1alpha1.Work{}
	if err := r.Get(ctx, req.NamespacedName, w); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	placements := &v1alpha1.WorkPlacementList{}
	err := r.List(ctx, placements, client.InNamespace(w.Namespace), client.MatchingFields{byWorkUID: string(w.UID)}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return reconcile.Result{}, err
	}
	if !w.DeletionTimestamp.IsZero() {
		return reconcile.Result{}, r.remove(ctx, w, placements.Items)
	}
	if before := w.DeepCopy(); controllerutil.AddFinalizer(w, work.Finalizer) {
		if err := patch(ctx, r.Client, before, w); err != nil {
			return reconcile.Result{}, ignoreGone(err)
		}
	}
	destinations := &v1alpha1.DestinationList{}
	if err := r.List(ctx, destinations, client.UnsafeDisableDeepCopy); err != nil {
		return reconcile.Result{}, err
	}
	plan, err := r.place(ctx, w, placing.State{Work: w, Destinations: destinations.Items, WorkPlacements: placements.Items, Now: r.now()})
	if apierrors.IsConflict(err) {
		return reconcile.Result{RequeueAfter: behind}, nil
	}
	if err != nil {
		return reconcile.Result{}, errors.Join(err, r.save(ctx, w, placing.Plan{Status: placing.NotPlaced(w, err, r.now())}))
	}
	return reconcile.Result{}, ignoreGone(r.save(ctx, w, plan))
}

// create accepts a WorkPlacement that is there already if it is the Work's: then the cache is
// behind.
func (r *works) create(ctx context.Context, w *v1alpha1.Work, p *v1alpha1.WorkPlacement) error {
	err := r.Create(ctx, p)
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	there := &v1alpha1.WorkPlacement{}
	if err := r.live.Get(ctx, client.ObjectKeyFromObject(p), there); err != nil {
		return err
	}
	if !metav1.IsControlledBy(there, w) {
		return fmt.Errorf("the WorkPlacement %s is there already and is not of this Work; delete it", p.Name)
	}
	return nil
}

// delete deletes the WorkPlacement that it has seen, and none that has taken its name since.
func (r *works) delete(ctx context.Context, p *v1alpha1.WorkPlacement) error {
	return client.IgnoreNotFound(r.Delete(ctx, p, client.Preconditions{UID: &p.UID}))
}

// remove lets a Work go when its WorkPlacements have gone.
func (r *works) remove(ctx context.Context, w *v1alpha1.Work, placements []v1alpha1.WorkPlacement) error {
	if !controllerutil.ContainsFinalizer(w, work.Finalizer) {
		return nil
	}
	for i := range placements {
		if p := &placements[i]; p.DeletionTimestamp.IsZero() {
			if err := r.delete(ctx, p); err != nil {
				return err
			}
		}
	}
	if len(placements) > 0 {
		return nil
	}
	before := w.DeepCopy()
	controllerutil.RemoveFinalizer(w, work.Finalizer)
	return ignoreGone(patch(ctx, r.Client, before, w))
}

// save writes a status that differs, and tells what keeps files back.
func (r *works) save(ctx context.Context, w *v1alpha1.Work, plan placing.Plan) error {
	if equality.Semantic.DeepEqual(w.Status, plan.Status) {
		return nil
	}
	before := w.DeepCopy()
	w.Status = plan.Status
	if err := r.Status().Patch(ctx, w, client.MergeFrom(before)); err != nil {
		return err
	}
	if len(plan.Unplaced) > 0 {
		r.meters.unplaced(w, plan)
	}
	r.tell.work(w, plan, before.Status.Conditions)
	return nil
}

// trace tells of a Work that went to other Destinations, or to the same with other files.
func (r *works) trace(w *v1alpha1.Work, plan placing.Plan, begun time.Time, err error) {
	if len(plan.Create)+len(plan.Update)+len(plan.Delete) == 0 {
		return
	}
	about := tracing.Labelled(w.Labels)
	about.Work = w.Name
	r.tracer.Record(w.Annotations, tracing.Span{Name: "place", Start: begun, About: about, Err: err})
}
