// SPDX-License-Identifier: Apache-2.0

// Package controller runs on an engine the Jobs that an installed Kratix has made, and keeps
// their status. It gathers what is known of a Job, lets jobs.Decide say what is next, and executes
// that. It keeps nothing for itself: a new process goes on from what is in the cluster.
package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/internal/jobs"
	"github.com/kratix-compile/kratix-compile/internal/quote"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

// Controller reconciles the Jobs that an engine runs.
type Controller struct {
	// Client reads from a cache, Live does not.
	Client client.Client
	Live   client.Reader
	// Engines are those that the installation may use.
	Engines []*engine.Engine
	Slots   *slots.Slots
	Events  events.EventRecorder
	Now     func() time.Time

	meters *meters
}

const (
	// soon is when to look again at a Job that has just changed.
	soon = 50 * time.Millisecond
	// poll is how often to look for what causes no event, such as an engine's API.
	poll = 30 * time.Second
	// maxDecisions bounds how often one reconciliation decides: a run of somebody else takes two.
	maxDecisions = 4
	// maxNote is how long the note of an Event is at most, in bytes. The API server takes 1 kB.
	maxNote = 1000
)

// Reasons of Events about what is tried again. Those of Jobs that fail are in internal/jobs.
const (
	reasonEngineMissing  = "EngineMissing"
	reasonEngineUnlisted = "EngineNotListed"
	reasonNotCreated     = "RunNotCreated"
)

// Reconcile implements reconcile.TypedReconciler.
func (c *Controller) Reconcile(ctx context.Context, k key) (reconcile.Result, error) {
	if err := c.seed(ctx); err != nil {
		return reconcile.Result{}, err
	}
	known := hints{}
	for range maxDecisions {
		s, err := c.gather(ctx, k, known)
		if err != nil {
			return c.explain(ctx, k, s, err)
		}
		if s == nil {
			c.Slots.Release(claim(k, ""))
			return reconcile.Result{}, nil
		}
		decision := jobs.Decide(s.Situation)
		err = c.execute(ctx, s, decision)
		if known.add(err) {
			continue
		}
		if err != nil {
			return c.explain(ctx, k, s, err)
		}
		c.conclude(k, s)
		return reconcile.Result{RequeueAfter: s.again(decision.RequeueAfter)}, nil
	}
	return reconcile.Result{RequeueAfter: soon}, nil
}

// conclude keeps the slot of a Job that has an active run or waits for one, and frees that of any
// other.
func (c *Controller) conclude(k key, s *seen) {
	switch {
	case s.active():
		c.Slots.Take(claim(k, promiseOf(s.Job)))
	case s.waits: // it has a slot, or a place in the queue
	default:
		c.Slots.Release(claim(k, ""))
	}
}

// explain tells people of an error that may last, and says when to try again. A conflict means only
// that the cache was behind.
func (c *Controller) explain(ctx context.Context, k key, s *seen, err error) (reconcile.Result, error) {
	switch {
	case apierrors.IsConflict(err):
		return reconcile.Result{RequeueAfter: soon}, nil
	case s == nil:
		return reconcile.Result{}, err
	case errors.Is(err, engine.ErrUnlisted):
		c.warn(s.Job, reasonEngineUnlisted, err.Error())
		return reconcile.Result{RequeueAfter: poll}, nil
	case !s.looked && !errors.Is(err, engine.ErrMissing), s.active():
		return reconcile.Result{}, err // its run may be active, and has the slot then
	}
	c.Slots.Release(claim(k, "")) // others need not wait until it is mended
	if errors.Is(err, errLeaving) || errors.Is(err, errLeftover) {
		c.warn(s.Job, reasonNotCreated, err.Error())
		return reconcile.Result{RequeueAfter: poll}, nil
	}
	if errors.Is(err, engine.ErrMissing) {
		c.warn(s.Job, reasonEngineMissing, err.Error())
		ctrl.LoggerFrom(ctx).Info("The engine of a Job is not there", "cause", err.Error())
		return reconcile.Result{RequeueAfter: poll}, nil
	}
	if s.waits {
		c.warn(s.Job, reasonNotCreated, err.Error())
	}
	return reconcile.Result{}, err
}

func (c *Controller) warn(job *batchv1.Job, reason, note string) {
	c.Events.Eventf(job, nil, "Warning", reason, "Run", "%s", quote.Cut(note, maxNote))
}

// hints are what the execution of a decision has shown, for the next one.
type hints struct {
	// taken tells that there is an object of the run's name.
	taken bool
	// refused is why the API server will not take the run.
	refused string
}

// add takes the hint of an error. It tells whether to decide again.
func (h *hints) add(err error) bool {
	refused, final := errors.AsType[*engine.Refused](err)
	switch {
	case errors.Is(err, engine.ErrTaken):
		h.taken = !h.taken // the second time what had the name went between the read and the create
		return h.taken
	case final:
		h.refused = refused.Error()
		return true
	default:
		return false
	}
}

// engine is the one that a Job names.
func (c *Controller) engine(job *batchv1.Job) (*engine.Engine, error) {
	name := jobs.EngineOf(job)
	for _, e := range c.Engines {
		if e.Name == name {
			return e, nil
		}
	}
	return nil, fmt.Errorf("%w: the Job is managed by %s, and this kratix-jobs has no rights on %s (--engines)", engine.ErrMissing, *job.Spec.ManagedBy, name)
}
