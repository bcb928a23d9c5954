// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
	"github.com/kratix-compile/kratix-compile/internal/tracing"
)

// finalizerStateFile is Kratix's on WorkPlacements in mode none. Here one finalizer
// stands for everything that a WorkPlacement has in a State Store.
const finalizerStateFile = "finalizers.workplacement.kratix.io/kratix-dot-files-cleanup"

// workPlacements is the controller that has the files of WorkPlacements written and removed. Nobody
// else writes the status of a WorkPlacement.
type workPlacements struct {
	client.Client
	live       client.Reader
	contents   *contents
	dispatcher *dispatcher
	tracer     *tracing.Tracer
	now        func() time.Time
	tell       teller
	meters     *meters
}

// Reconcile implements reconcile.Reconciler.
func (r *workPlacements) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	over, underway := r.dispatcher.collect(sender{v1alpha1.KindWorkPlacement, req})
	if underway {
		return reconcile.Result{}, nil
	}
	reader := client.Reader(r.Client)
	if over != nil {
		result, err := over.finish(ctx, over)
		if !over.again || err != nil || ctx.Err() != nil {
			return result, err
		}
		reader = r.live // a cache may not know yet what was just written
	}
	p := &v1alpha1.WorkPlacement{}
	if err := reader.Get(ctx, req.NamespacedName, p); err != nil {
		return reconcile.Result{}, ignoreGone(err)
	}
	err := r.look(ctx, p)
	if errors.Is(err, errBehind) {
		return reconcile.Result{RequeueAfter: behind}, nil
	}
	return reconcile.Result{}, err
}

// look has the files of a WorkPlacement written, or puts into its status what it waits for.
func (r *workPlacements) look(ctx context.Context, p *v1alpha1.WorkPlacement) error {
	d := &v1alpha1.Destination{}
	err := r.Get(ctx, client.ObjectKey{Name: p.Spec.TargetDestinationName}, d)
	if apierrors.IsNotFound(err) {
		if err := r.release(ctx, p); err != nil || !p.DeletionTimestamp.IsZero() {
			return err
		}
		return r.save(ctx, p, placing.Attempt{Waiting: "Destination " + p.Spec.TargetDestinationName + " is gone; the files stay where they are"})
	}
	if err != nil {
		return err
	}
	if !p.DeletionTimestamp.IsZero() && !controllerutil.ContainsFinalizer(p, placing.Finalizer) {
		return r.release(ctx, p)
	}
	if before := p.DeepCopy(); p.DeletionTimestamp.IsZero() && controllerutil.AddFinalizer(p, placing.Finalizer) {
		if err := patch(ctx, r.Client, before, p); err != nil {
			return ignoreGone(err)
		}
	}
	if d.Spec.StateStoreRef == nil {
		return r.save(ctx, p, placing.Attempt{Waiting: "Destination " + d.Name + " has no spec.stateStoreRef"})
	}
	if holder, err := r.dispatcher.pathHolder(ctx, d); err != nil {
		return err
	} else if holder != nil {
		return r.giveWay(ctx, p, d, holder)
	}
	obstacle, err := r.write(ctx, p, d)
	if err != nil || obstacle == nil || obstacle.message == "" || placing.Written(p) {
		return err
	}
	return r.save(ctx, p, placing.Attempt{Waiting: obstacle.message}) // the dispatcher wakes it when the State Store is open
}

// giveWay leaves what is in the directory of a Destination to the one that holds it.
func (r *workPlacements) giveWay(ctx context.Context, p *v1alpha1.WorkPlacement, d, holder *v1alpha1.Destination) error {
	if !p.DeletionTimestamp.IsZero() {
		return r.release(ctx, p)
	}
	return r.save(ctx, p, placing.Attempt{Err: errors.New(pathTaken(d, holder))})
}

// release lets a WorkPlacement go that has nothing in a State Store, or nothing that the runner
// can reach.
func (r *workPlacements) release(ctx context.Context, p *v1alpha1.WorkPlacement) error {
	before := p.DeepCopy()
	ours := controllerutil.RemoveFinalizer(p, placing.Finalizer)
	if !controllerutil.RemoveFinalizer(p, finalizerStateFile) && !ours {
		return nil
	}
	return ignoreGone(patch(ctx, r.Client, before, p))
}

// save writes a status that differs.
func (r *workPlacements) save(ctx context.Context, p *v1alpha1.WorkPlacement, o placing.Attempt) error {
	status := placing.After(p, o, r.now())
	if equality.Semantic.DeepEqual(p.Status, status) {
		return nil
	}
	before := p.DeepCopy()
	p.Status = status
	if err := r.Status().Patch(ctx, p, client.MergeFrom(before)); err != nil {
		return ignoreGone(err)
	}
	r.tell.placement(p, before)
	return nil
}

// trace tells of files that were written, or failed to be. It does not tell of those that were
// there already.
func (r *workPlacements) trace(p *v1alpha1.WorkPlacement, t *trip) {
	o := t.outcome
	if errors.Is(o.Err, context.Canceled) || o.Err == nil && !o.Changed {
		return
	}
	about := tracing.About{
		Promise: p.Spec.PromiseName, Resource: p.Spec.ResourceName,
		Work: p.Labels[v1alpha1.LabelWork], Destination: p.Spec.TargetDestinationName,
	}
	r.tracer.Record(p.Annotations, tracing.Span{Name: "store", Start: t.begun, About: about, Err: o.Err})
}
