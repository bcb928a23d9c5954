// SPDX-License-Identifier: Apache-2.0

// Package controller owns Promises and the requests for what they offer: it runs their
// workflows on an engine, one Pipeline after the other, and keeps their status.
package controller

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/expectations"
	"github.com/kratix-compile/kratix-compile/internal/runner/seal"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/internal/tracing"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Runner is what the controllers have in common.
type Runner struct {
	// Client reads from a cache, Live does not.
	Client  client.Client
	Live    client.Reader
	Records *record.Store
	// Engines are all that the installation may use; the first is its choice.
	Engines []*engine.Engine
	// Options are the installation's.
	Options func() plan.Options
	// EnsureNamespace prepares a namespace for runs: kratix-harvest needs the runner's CA there.
	EnsureNamespace func(ctx context.Context, namespace string) error
	// Seal marks the runs that the runner makes, and only those are its own.
	Seal   seal.Key
	Slots  *slots.Slots
	Events events.EventRecorder
	// Tracer may be nil.
	Tracer *tracing.Tracer
	Now    func() time.Time

	planner engine.Planner
	kinds   *kinds
	written expectations.Writes
	made    expectations.Writes // Works that no cache has shown yet
	meters  *meters
}

const (
	// soon is when to look again at an object that has just changed.
	soon = 50 * time.Millisecond
	// poll is how often to look for what causes no event, such as an engine's API.
	poll = 30 * time.Second
	// rarely is how often to look at what somebody has to mend. Almost all that people do causes an
	// event; the annotation of a namespace, which chooses the engine, does not.
	rarely = 5 * time.Minute
)

// stepAndSave takes an object, as a cache has it, one step further and writes its status. An error
// of the step goes into the status, if a condition can tell of it (say.go).
func (r *Runner) stepAndSave(ctx context.Context, key queueKey, u, promise *unstructured.Unstructured, step func(*object) (time.Duration, error)) (reconcile.Result, error) {
	if r.written.Stale(u) {
		return reconcile.Result{RequeueAfter: soon}, nil
	}
	o := r.object(u)
	o.trace = r.begin(o, promise)
	after, err := step(o)
	if broken(err) {
		r.Slots.Release(key.claim("")) // others need not wait until it is mended
	}
	if err != nil {
		known := false
		if after, known = r.explain(o, err); !known {
			return r.retry(o, err)
		}
	}
	if err := o.saveStatus(ctx); err != nil {
		return r.retry(o, err)
	}
	return reconcile.Result{RequeueAfter: after}, nil
}

// sooner is the first of two times to come back; 0 is never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
