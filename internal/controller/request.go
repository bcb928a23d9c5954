package controller

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/engine"
	"github.com/kratix-compile/kratix-compile/internal/progress"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Requests reconciles the requests for what Promises offer.
type Requests struct {
	*Runner
	kinds *kinds
}

const (
	// soon is when to look again at an object that somebody else has just changed.
	soon = 50 * time.Millisecond
	// later is when to look again for what nobody tells of, such as an engine's API.
	later = 30 * time.Second
)

// Reconcile brings one request further.
func (r *Requests) Reconcile(ctx context.Context, req Request) (reconcile.Result, error) {
	kind, ok := r.kinds.kind(req.Promise)
	if !ok {
		return reconcile.Result{}, nil
	}
	promise, u := some(promiseKind), some(kind)
	if err := r.Client.Get(ctx, client.ObjectKey{Name: req.Promise}, promise); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	err := r.Client.Get(ctx, req.ObjectKey, u)
	if apierrors.IsNotFound(err) {
		u.SetNamespace(req.Namespace)
		u.SetName(req.Name)
		r.Slots.Settle(claim(req.Promise, r.namespaceFor(promise, u), u), false)
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	o := newObject(u)
	after, err := r.reconcile(ctx, o, promise)
	return r.conclude(ctx, o, after, err)
}

func (r *Requests) reconcile(ctx context.Context, o *object, promise *unstructured.Unstructured) (time.Duration, error) {
	if !o.GetDeletionTimestamp().IsZero() {
		return r.remove(ctx, o, promise)
	}
	if !promise.GetDeletionTimestamp().IsZero() {
		return 0, nil
	}
	labels := map[string]string{v1alpha1.LabelPromise: promise.GetName()}
	if err := o.adopt(ctx, r.Client, labels, finalizerDeleteWorkflows, finalizerWorks, finalizerWorkflows); err != nil {
		return 0, err
	}
	held := paused(o.Unstructured) || paused(promise)
	if !held && !r.ready(o, promise) {
		return 0, nil // the Promise wakes it
	}
	c, err := r.course(ctx, o, promise, workflow.Kind{Type: workflow.Resource, Action: workflow.Configure})
	if err != nil {
		return 0, err
	}
	decision, err := c.advance(ctx)
	if err != nil || decision.Outcome != progress.Completed {
		return decision.RequeueAfter, err
	}
	return decision.RequeueAfter, c.settle(ctx)
}

// ready tells whether the Promise can fulfil requests, and has done so for its present
// spec: its own workflow comes before those of its requests.
func (r *Requests) ready(o *object, promise *unstructured.Unstructured) bool {
	status, _, _ := unstructured.NestedMap(promise.Object, "status")
	available := progress.GetCondition(status, progress.ConditionAvailable).Status == "True"
	progress.SetPromiseAvailable(o.status(), available, r.Now())
	observed, _, _ := unstructured.NestedInt64(promise.Object, "status", "observedGeneration")
	return available && observed == promise.GetGeneration()
}

// settle says what became of the files of a workflow that has completed.
func (c *course) settle(ctx context.Context) error {
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
	c, err := r.course(ctx, o, promise, workflow.Kind{Type: workflow.Resource, Action: workflow.Delete})
	if err != nil {
		return 0, err
	}
	if len(c.planned.Runs) > 0 && has(o, finalizerDeleteWorkflows) {
		decision, err := c.advance(ctx)
		if err != nil || decision.Outcome != progress.Completed {
			return decision.RequeueAfter, err
		}
		if err := o.saveStatus(ctx, r.Client); err != nil {
			return 0, err
		}
	}
	if left, err := c.deleteWorks(ctx); err != nil || left > 0 {
		return soon, err
	}
	if err := c.deleteRuns(ctx); err != nil {
		return 0, err
	}
	r.Slots.Settle(c.slot(), false)
	return 0, o.release(ctx, r.Client, finalizerDeleteWorkflows, finalizerWorks, finalizerWorkflows)
}

// conclude writes the status and says when to come back.
func (r *Runner) conclude(ctx context.Context, o *object, after time.Duration, err error) (reconcile.Result, error) {
	var invalid *engine.Invalid
	switch {
	case errors.As(err, &invalid):
		r.blame(o, "ConfigureWorkflowFailed", invalid.Error())
		after, err = 0, nil // until somebody changes it
	case errors.Is(err, engine.ErrMissing):
		r.blame(o, "EngineMissing", err.Error())
		after, err = later, nil
	case errors.Is(err, errNotServed):
		after, err = soon, nil
	case apierrors.IsConflict(err):
		return reconcile.Result{RequeueAfter: soon}, nil
	case apierrors.IsNotFound(err) && !o.GetDeletionTimestamp().IsZero():
		return reconcile.Result{}, nil // it went while we looked
	case err != nil:
		return reconcile.Result{}, err
	}
	if err = o.saveStatus(ctx, r.Client); apierrors.IsConflict(err) {
		return reconcile.Result{RequeueAfter: soon}, nil
	}
	return reconcile.Result{RequeueAfter: after}, client.IgnoreNotFound(err)
}

// blame says in the conditions why nothing runs.
func (r *Runner) blame(o *object, reason, message string) {
	c := progress.Condition{Type: progress.ConditionReconciled, Status: "False", Reason: reason, Message: message}
	if progress.SetCondition(o.status(), c, r.Now()) {
		r.record(o, progress.Event{Warning: true, Reason: reason, Message: message})
	}
}
