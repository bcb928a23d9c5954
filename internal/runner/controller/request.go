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
	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Requests reconciles the requests for what Promises offer.
type Requests struct{ *Runner }

var finalizersRequest = []string{v1alpha1.FinalizerDeleteWorkflows, finalizerWorks, finalizerWorkflows}

const (
	// soon is when to look again at an object that somebody else has just changed.
	soon = 50 * time.Millisecond
	// later is when to look again for what nobody tells of, such as an engine's API.
	later = 30 * time.Second
)

// Reconcile brings one request further.
func (r *Requests) Reconcile(ctx context.Context, req Request) (reconcile.Result, error) {
	promise, u := some(promiseKind), &unstructured.Unstructured{}
	if err := r.Client.Get(ctx, client.ObjectKey{Name: req.Promise}, promise); err != nil {
		if apierrors.IsNotFound(err) {
			r.Slots.Settle(slots.Claim{Promise: req.Promise, Object: req.String()}, false)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	watched, err := r.kinds.read(ctx, identify(promise), func(kind schema.GroupVersionKind) error {
		u.SetGroupVersionKind(kind)
		return r.Client.Get(ctx, req.ObjectKey, u)
	})
	if !watched {
		return reconcile.Result{}, err
	}
	if apierrors.IsNotFound(err) {
		r.Slots.Settle(slots.Claim{Promise: req.Promise, Object: req.String()}, false)
		return reconcile.Result{}, nil
	}
	if _, unlisted := errors.AsType[*caching.Unlisted](err); unlisted {
		return reconcile.Result{RequeueAfter: later}, nil // its Promise says so
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	if r.stale.is(u) {
		return reconcile.Result{RequeueAfter: soon}, nil
	}
	o := newObject(u)
	o.stale = &r.stale
	o.trace = r.begin(o, promise)
	after, err := r.reconcile(ctx, o, promise)
	return r.conclude(ctx, o, after, err)
}

func (r *Requests) reconcile(ctx context.Context, o *object, promise *unstructured.Unstructured) (time.Duration, error) {
	if !o.GetDeletionTimestamp().IsZero() {
		return r.remove(ctx, o, promise)
	}
	labels := map[string]string{v1alpha1.LabelPromise: promise.GetName()}
	if promise.GetDeletionTimestamp().IsZero() {
		if err := o.adopt(ctx, r.Client, labels, finalizersRequest...); err != nil {
			return 0, err
		}
	}
	c := r.course(ctx, o, promise, workflow.Kind{Type: workflow.Resource, Action: workflow.Configure})
	if c.wait = r.wait(o, promise); c.wait != (progress.Why{}) && progress.Read(o.status()).Round == 0 {
		r.Slots.Settle(c.slot(), false)
		r.waits(o, c.wait.Message+lacking(promise))
		return 0, nil // it has not begun, and the Promise wakes it
	}
	decision, err := c.advance(ctx)
	if err != nil || decision.Outcome != progress.Completed {
		return decision.RequeueAfter, err
	}
	return decision.RequeueAfter, c.settle(ctx)
}

// wait is why nothing may start for requests now; what has begun may end. The Promise's
// own workflow comes before those of its requests, for every spec of it.
func (r *Requests) wait(o *object, promise *unstructured.Unstructured) progress.Why {
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

// lacking is what a Promise that requests wait for says of itself.
func lacking(promise *unstructured.Unstructured) string {
	status, _, _ := unstructured.NestedMap(promise.Object, "status")
	for _, kind := range []string{progress.ConditionRequirements, progress.ConditionReconciled, progress.ConditionConfigureCompleted} {
		c := progress.GetCondition(status, kind)
		if c.Status == "False" && c.Message != progress.MessageFailing {
			return ": " + c.Message
		}
	}
	return ""
}

// settle says what became of the files of a workflow that has completed.
func (c *course) settle(ctx context.Context) error {
	if c.settled {
		return nil // whatever happens to a Work wakes its object
	}
	placed, err := c.placed(ctx)
	if err != nil {
		return err
	}
	for _, e := range progress.SetWorks(c.object.status(), placed, c.Now()) {
		c.record(c.object, e)
	}
	return nil
}

// remove runs the delete workflow and then removes what was made for the request
// (docs/kratix-contract.md 6.11), all of it in namespaces of its own.
func (r *Requests) remove(ctx context.Context, o *object, promise *unstructured.Unstructured) (time.Duration, error) {
	if err := o.adopt(ctx, r.Client, nil); err != nil {
		return 0, err
	}
	c := r.course(ctx, o, promise, workflow.Kind{Type: workflow.Resource, Action: workflow.Delete})
	if has(o, v1alpha1.FinalizerDeleteWorkflows) {
		if done, after, err := c.farewell(ctx); err != nil || !done {
			return after, err
		}
	}
	if left, err := c.deleteWorks(ctx); err != nil || left > 0 {
		return later, err // its Works wake it when they go
	}
	if err := errors.Join(c.deleteRuns(ctx), c.dropRecords(ctx)); err != nil {
		return 0, err
	}
	r.Slots.Settle(c.slot(), false)
	return 0, o.release(ctx, r.Client, slices.Concat(finalizersRequest, finalizersKratix)...)
}
