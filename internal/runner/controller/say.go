// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/quote"
	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// explain says in the object's conditions what it waits for or lacks, and when to look again.
// known is false for an error that is not among them, and the object is only tried again.
func (r *Runner) explain(o *object, err error) (after time.Duration, known bool) {
	invalid, isInvalid := errors.AsType[*engine.Invalid](err)
	rejected, isRejected := errors.AsType[*Rejected](err)
	leaving, isGoing := errors.AsType[*going](err)
	unlisted, isUnlisted := errors.AsType[*caching.Unlisted](err)
	switch {
	case isInvalid:
		r.blame(o, progress.ReasonConfigureFailed, invalid.Error())
		return rarely, true // until somebody changes it
	case isRejected:
		r.blame(o, rejected.Reason, rejected.Error())
	case errors.Is(err, engine.ErrMissing):
		r.blame(o, "EngineMissing", err.Error())
	case errors.Is(err, errNotServed): // its events say when it is
	case isGoing: // its deletion wakes the object
		r.sayPending(o, leaving.Error())
	case terminating(err):
		r.blame(o, reasonTerminating, err.Error())
	case apierrors.IsForbidden(err):
		r.blame(o, "Forbidden", err.Error())
	case isUnlisted:
		if unlisted.Amiss(r.Now()) {
			r.blame(o, reasonUnlisted, unlisted.Error())
		}
	default:
		return 0, false
	}
	return poll, true
}

// retry is when to try again after an error that no condition tells of.
func (r *Runner) retry(o *object, err error) (reconcile.Result, error) {
	switch {
	case errors.Is(err, errGone):
		return reconcile.Result{}, nil
	case apierrors.IsConflict(err):
		return reconcile.Result{RequeueAfter: soon}, nil
	case refusal.TooLarge(err): // the status has no room to say so
		r.tell(o, progress.Event{Warning: true, Reason: "ObjectTooLarge", Message: cmp.Or(o.checkSize(), err).Error()})
		return reconcile.Result{RequeueAfter: poll}, nil
	}
	return reconcile.Result{}, err
}

// broken is what stays as it is until somebody changes it.
func broken(err error) bool {
	_, invalid := errors.AsType[*engine.Invalid](err)
	_, rejected := errors.AsType[*Rejected](err)
	return invalid || rejected || errors.Is(err, engine.ErrMissing)
}

// terminating is a namespace in which nothing can be made any more.
func terminating(err error) bool {
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// Reasons that more than one place gives.
const (
	reasonTerminating = "NamespaceTerminating"
	reasonUnlisted    = "KindNotListed"
)

// blame says in a condition why nothing runs.
func (r *Runner) blame(o *object, reason, message string) {
	r.say(o, progress.ConditionReconciled, "False", reason, message)
}

// sayPending says in a condition what a request that has not begun waits for.
func (r *Runner) sayPending(o *object, message string) {
	r.say(o, progress.ConditionReconciled, "Unknown", progress.ReasonWorkflowPending, message)
}

// say sets a condition, and tells in an event if it has changed.
func (r *Runner) say(o *object, kind, status, reason, message string) {
	c := progress.Condition{Type: kind, Status: status, Reason: reason, Message: quote.Cut(message, maxText)}
	if progress.SetCondition(o.status(), c, r.Now()) {
		r.tell(o, progress.Event{Warning: status == "False", Reason: reason, Message: message})
	}
}

const (
	// maxText bounds what a condition says, in bytes.
	maxText = 2 << 10
	// maxNote bounds the text of an event, in bytes: the API server takes 1024.
	maxNote = 1000
)

// tell emits events about an object. It leaves out the logs of containers: some people
// may read events and may not read logs.
func (r *Runner) tell(o *object, told ...progress.Event) {
	for _, e := range told {
		kind := corev1.EventTypeNormal
		if e.Warning {
			kind = corev1.EventTypeWarning
		}
		message := state.WithoutLog(e.Message)
		r.Events.Eventf(o.Unstructured, nil, kind, e.Reason, "Reconcile", "%s", quote.Cut(message, maxNote))
	}
}

// Rejected is what the runner cannot mend. A condition says it, and the object is looked at again
// now and then.
type Rejected struct {
	Reason string
	Err    error
}

func (e *Rejected) Error() string { return e.Err.Error() }

// Unwrap is what it is about.
func (e *Rejected) Unwrap() error { return e.Err }
