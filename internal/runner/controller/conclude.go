// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/refusal"
)

// conclude writes the status and says when to come back.
func (r *Runner) conclude(ctx context.Context, o *object, after time.Duration, err error) (reconcile.Result, error) {
	if err != nil {
		told := false
		if after, told = r.explain(o, err); !told {
			return r.again(o, err)
		}
	}
	if err := o.saveStatus(ctx, r.Client); err != nil {
		return r.again(o, err)
	}
	return reconcile.Result{RequeueAfter: after}, nil
}

// explain says in the object's conditions what it waits for or lacks, and how long it may
// take. It leaves alone what passes by itself.
func (r *Runner) explain(o *object, err error) (after time.Duration, told bool) {
	invalid, isInvalid := errors.AsType[*engine.Invalid](err)
	rejected, isRejected := errors.AsType[*Rejected](err)
	leaving, isGoing := errors.AsType[*going](err)
	unlisted, isUnlisted := errors.AsType[*caching.Unlisted](err)
	switch {
	case isInvalid:
		r.blame(o, "ConfigureWorkflowFailed", invalid.Error())
		return 0, true // until somebody changes it
	case isRejected:
		r.blame(o, rejected.Reason, rejected.Error())
	case errors.Is(err, engine.ErrMissing):
		r.blame(o, "EngineMissing", err.Error())
	case errors.Is(err, errNotServed): // its events say when it is
	case isGoing: // its deletion wakes the object
		r.waits(o, leaving.Error())
	case terminating(err):
		r.blame(o, "NamespaceTerminating", err.Error())
	case apierrors.IsForbidden(err):
		r.blame(o, "Forbidden", err.Error())
	case isUnlisted:
		if unlisted.Amiss(r.Now()) {
			r.blame(o, "KindNotListed", unlisted.Error())
		}
	default:
		return 0, false
	}
	return later, true
}

// again is when to try again after an error that no condition tells of.
func (r *Runner) again(o *object, err error) (reconcile.Result, error) {
	switch {
	case errors.Is(err, errGone):
		return reconcile.Result{}, nil
	case apierrors.IsConflict(err):
		return reconcile.Result{RequeueAfter: soon}, nil
	case refusal.TooLarge(err):
		r.tooLarge(o, err)
		return reconcile.Result{RequeueAfter: later}, nil
	}
	return reconcile.Result{}, err
}

// waits says in a condition, and once in an event, what a request waits for that has not
// begun.
func (r *Runner) waits(o *object, why string) {
	c := progress.Condition{Type: progress.ConditionReconciled, Status: "Unknown", Reason: "WorkflowPending", Message: shorten(why, maxText)}
	if progress.SetCondition(o.status(), c, r.Now()) {
		r.record(o, progress.Event{Reason: c.Reason, Message: why})
	}
}

// tooLarge tells in an event what the status has no room for.
func (r *Runner) tooLarge(o *object, err error) {
	r.record(o, progress.Event{Warning: true, Reason: "ObjectTooLarge", Message: cmp.Or(checkSize(o.Unstructured), err).Error()})
}

// broken is what stays as it is until somebody changes it.
func broken(err error) bool {
	_, invalid := errors.AsType[*engine.Invalid](err)
	_, rejected := errors.AsType[*Rejected](err)
	return invalid || rejected
}

// terminating is a namespace in which nothing can be made any more.
func terminating(err error) bool {
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// blame says in the conditions why nothing runs.
func (r *Runner) blame(o *object, reason, message string) {
	c := progress.Condition{Type: progress.ConditionReconciled, Status: "False", Reason: reason, Message: shorten(message, maxText)}
	if progress.SetCondition(o.status(), c, r.Now()) {
		r.record(o, progress.Event{Warning: true, Reason: reason, Message: message})
	}
}
