// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Promises reconciles Promises.
type Promises struct{ *Runner }

// Reconcile brings one Promise further.
func (p *Promises) Reconcile(ctx context.Context, key queueKey) (reconcile.Result, error) {
	u := some(promiseKind)
	err := p.Client.Get(ctx, client.ObjectKey{Name: key.Promise}, u)
	if apierrors.IsNotFound(err) {
		p.Slots.Release(key.claim(""))
		p.Slots.Clear(key.Promise)
		return reconcile.Result{}, p.kinds.end(ctx, key.Promise)
	}
	if err == nil {
		err = p.kinds.keep(ctx, u)
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	return p.stepAndSave(ctx, key, u, u, func(o *object) (time.Duration, error) {
		if !o.GetDeletionTimestamp().IsZero() {
			return p.remove(ctx, o)
		}
		return p.reconcile(ctx, o)
	})
}

// reconcile has the order of docs/kratix-contract.md 7.
func (p *Promises) reconcile(ctx context.Context, o *object) (time.Duration, error) {
	if err := o.adopt(ctx, nil, finalizers(o)...); err != nil {
		return 0, err
	}
	if err := p.describe(ctx, o); err != nil {
		return 0, err
	}
	listed, err := p.watchServed(ctx, o)
	if err != nil {
		return 0, err
	}
	if paused(o.Unstructured) {
		after, err := p.run(ctx, o, true)
		return sooner(after, listed), err
	}
	e, err := p.EngineFor(ctx, o.Unstructured, "")
	if err != nil {
		return 0, err
	}
	if _, _, err := e.Check(p.planner.Promise(o.Unstructured), p.Options()); err != nil {
		p.available(o, progress.PromiseUnavailable)
		return 0, err
	}
	fulfilled, unwatched, err := p.requirements(ctx, o)
	if err != nil {
		return 0, err
	}
	if err := p.ensureAPI(ctx, o); err != nil {
		return 0, err
	}
	if err := p.ensureDependencies(ctx, o); err != nil {
		return 0, err
	}
	offers := workflow.Offered(o.Unstructured).Kind != "" // without an API, no request has to wait
	after, err := p.run(ctx, o, fulfilled || !offers)
	return sooner(after, sooner(listed, unwatched)), err
}

// run brings the Promise's own workflow further, and lets requests in when it has completed.
func (p *Promises) run(ctx context.Context, o *object, fulfilled bool) (time.Duration, error) {
	f := p.flow(ctx, o, o.Unstructured, workflow.Kind{Type: workflow.Promise, Action: workflow.Configure})
	decision, err := f.advance(ctx)
	if err != nil {
		return 0, err
	}
	after := decision.RequeueAfter
	if decision.Outcome == progress.Completed {
		// Requests hear of a pass before they are let in: or they would run, hear of it, and run again.
		again, err := p.passOn(ctx, o)
		if _, unlisted := errors.AsType[*caching.Unlisted](err); unlisted {
			again, err = poll, nil // the pass is not over until they are listed
		}
		if err != nil {
			return 0, err
		}
		after = sooner(after, again)
	}
	switch {
	case decision.Outcome == progress.Paused:
		p.available(o, progress.PromisePaused)
	case decision.Outcome == progress.Suspended:
		p.available(o, progress.PromiseSuspended)
	case !fulfilled, decision.Outcome == progress.Failed:
		p.available(o, progress.PromiseUnavailable)
	case decision.Outcome == progress.Completed:
		o.status()["observedGeneration"] = o.GetGeneration()
		p.available(o, progress.PromiseAvailable)
	case progress.GetCondition(o.status(), progress.ConditionAvailable).Type == "":
		p.available(o, progress.PromiseUnavailable) // until it has run once
	}
	return after, nil
}

func (p *Promises) available(o *object, a progress.Availability) {
	p.tell(o, progress.SetAvailable(o.status(), a, p.Now())...)
}

// describe writes which versions a Promise has had, which Promises require it, and the kind that
// it offers.
func (p *Promises) describe(ctx context.Context, o *object) error {
	by, err := dependents(ctx, p.Client, o.GetName())
	if err != nil {
		return err
	}
	status := o.status()
	progress.SetVersion(status, o.GetLabels()[v1alpha1.LabelPromiseVersion], progress.Versions(status, by))
	progress.SetRequiredBy(status, by)
	kratix, _ := status["kratix"].(map[string]any) // SetVersion has made it
	if offered := workflow.Offered(o.Unstructured); offered.Kind != "" {
		apiVersion := strings.ToLower(offered.Group + "/" + offered.Version)
		status["kind"], status["apiVersion"] = offered.Kind, apiVersion
		kratix["kind"], kratix["apiVersion"] = offered.Kind, apiVersion
	}
	if progress.GetCondition(status, progress.ConditionAvailable).Type == "" {
		status["status"] = "Unavailable"
	}
	return nil
}
