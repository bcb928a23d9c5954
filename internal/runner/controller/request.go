// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Requests reconciles the requests for what Promises offer.
type Requests struct{ *Runner }

// Reconcile brings one request further.
func (r *Requests) Reconcile(ctx context.Context, key queueKey) (reconcile.Result, error) {
	promise, u := some(promiseKind), &unstructured.Unstructured{}
	if err := r.Client.Get(ctx, client.ObjectKey{Name: key.Promise}, promise); err != nil {
		if apierrors.IsNotFound(err) {
			r.Slots.Release(key.claim(""))
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	watched, err := r.kinds.read(ctx, promise.GetName(), promise.GetUID(), func(kind schema.GroupVersionKind) error {
		u.SetGroupVersionKind(kind)
		return r.Client.Get(ctx, key.ObjectKey, u)
	})
	_, unlisted := errors.AsType[*caching.Unlisted](err)
	switch {
	case !watched: // it may have a run, and so it keeps its slot
		return reconcile.Result{}, err
	case apierrors.IsNotFound(err):
		r.Slots.Release(key.claim(""))
		return reconcile.Result{}, nil
	case unlisted:
		return reconcile.Result{RequeueAfter: poll}, nil // its Promise says so
	case err != nil:
		return reconcile.Result{}, err
	}
	return r.stepAndSave(ctx, key, u, promise, func(o *object) (time.Duration, error) {
		if !o.GetDeletionTimestamp().IsZero() {
			return r.remove(ctx, o, promise)
		}
		return r.reconcile(ctx, o, promise)
	})
}

func (r *Requests) reconcile(ctx context.Context, o *object, promise *unstructured.Unstructured) (time.Duration, error) {
	if promise.GetDeletionTimestamp().IsZero() {
		labels := map[string]string{v1alpha1.LabelPromise: promise.GetName()}
		if err := o.adopt(ctx, labels, finalizersRequest...); err != nil {
			return 0, err
		}
	}
	f := r.flow(ctx, o, promise, workflow.Kind{Type: workflow.Resource, Action: workflow.Configure})
	f.blocked = r.blockedByPromise(o, promise)
	if f.blocked != (progress.Why{}) && progress.Read(o.status()).Round == 0 {
		r.Slots.Release(f.slot())
		r.sayPending(o, f.blocked.Message+lacking(promise))
		return 0, nil // it has not begun, and the Promise wakes it
	}
	if message := pinned(o, promise); message != "" {
		r.Slots.Release(f.slot())
		r.sayPending(o, message)
		return 0, nil // somebody's label wakes it
	}
	decision, err := f.advance(ctx)
	return decision.RequeueAfter, err
}

// blockedByPromise is why nothing may start for requests now; empty if it may. A run that has begun
// may end. When the spec of the Promise changes, its own workflow comes before those of its
// requests.
func (r *Requests) blockedByPromise(o *object, promise *unstructured.Unstructured) progress.Why {
	if paused(o.Unstructured) || paused(promise) {
		return progress.Why{}
	}
	status, _, _ := unstructured.NestedMap(promise.Object, "status")
	available := progress.GetCondition(status, progress.ConditionAvailable).Status == "True"
	progress.SetPromiseAvailable(o.status(), available, r.Now())
	observed, _, _ := unstructured.NestedInt64(promise.Object, "status", "observedGeneration")
	switch {
	case !promise.GetDeletionTimestamp().IsZero():
		return progress.Why{Reason: progress.ReasonPromiseDeleted, Message: "The Promise is being deleted"}
	case !available:
		return progress.Why{Reason: progress.ReasonWaitingForPromise, Message: "Waiting for the Promise to be available"}
	case observed != promise.GetGeneration():
		return progress.Why{Reason: progress.ReasonWaitingForPromise, Message: "Waiting for the workflow of the Promise"}
	}
	return progress.Why{}
}

// lacking is what a Promise that is not available says in its conditions. It leaves out the log of a
// Pipeline of the Promise: people may read their requests who may not read Promises.
func lacking(promise *unstructured.Unstructured) string {
	status, _, _ := unstructured.NestedMap(promise.Object, "status")
	for _, kind := range []string{progress.ConditionRequirements, progress.ConditionReconciled, progress.ConditionConfigureCompleted} {
		if c := progress.GetCondition(status, kind); c.Explains() {
			return ": " + state.WithoutLog(c.Message)
		}
	}
	return ""
}

// remove runs the delete workflow and then removes what was made for the request
// (docs/kratix-contract.md 6.11), all of it in namespaces of its own.
func (r *Requests) remove(ctx context.Context, o *object, promise *unstructured.Unstructured) (time.Duration, error) {
	if err := o.adopt(ctx, nil); err != nil {
		return 0, err
	}
	f := r.flow(ctx, o, promise, workflow.Kind{Type: workflow.Resource, Action: workflow.Delete})
	if has(o, v1alpha1.FinalizerDeleteWorkflows) {
		if done, after, err := f.farewell(ctx); err != nil || !done {
			return after, err
		}
	}
	r.Slots.Release(f.slot()) // nothing starts for it any more, and its Works may wait for a State Store for long
	if left, err := f.deleteWorks(ctx); err != nil || left > 0 {
		return poll, err // its Works wake it when they go
	}
	if err := errors.Join(f.deleteRuns(ctx), f.dropRecords(ctx)); err != nil {
		return 0, err
	}
	return 0, o.release(ctx, slices.Concat(finalizersRequest, finalizersKratix)...)
}
