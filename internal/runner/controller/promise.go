// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Promises reconciles Promises.
type Promises struct{ *Runner }

// Reconcile brings one Promise further.
func (p *Promises) Reconcile(ctx context.Context, req Request) (reconcile.Result, error) {
	u := some(promiseKind)
	err := p.Client.Get(ctx, client.ObjectKey{Name: req.Promise}, u)
	if apierrors.IsNotFound(err) {
		p.Slots.Release(req.claim(""))
		return reconcile.Result{}, p.kinds.end(ctx, req.Promise)
	}
	if err == nil {
		err = p.kinds.keep(ctx, u)
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	return p.bring(ctx, req, u, u, func(o *object) (time.Duration, error) {
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
	p.describe(o)
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
	after, err := p.run(ctx, o, fulfilled)
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
		err := p.passOn(ctx, o)
		if _, unlisted := errors.AsType[*caching.Unlisted](err); unlisted {
			after, err = sooner(after, poll), nil // the pass is not over until they are listed
		}
		if err != nil {
			return 0, err
		}
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

// describe writes the version of a Promise and the kind that it offers.
func (p *Promises) describe(o *object) {
	status := o.status()
	version := o.GetLabels()[labelVersion]
	if version == "" {
		version = "not-set"
	}
	status["version"] = version
	kratix, ok := status["kratix"].(map[string]any)
	if !ok {
		kratix = map[string]any{}
		status["kratix"] = kratix
	}
	if offered := workflow.Offered(o.Unstructured); offered.Kind != "" {
		apiVersion := strings.ToLower(offered.Group + "/" + offered.Version)
		status["kind"], status["apiVersion"] = offered.Kind, apiVersion
		kratix["kind"], kratix["apiVersion"] = offered.Kind, apiVersion
	}
	if progress.GetCondition(status, progress.ConditionAvailable).Type == "" {
		status["status"] = "Unavailable"
	}
}

// required are the Promises that one names in spec.requiredPromises.
func required(promise *unstructured.Unstructured) []progress.Requirement {
	listed, _, _ := unstructured.NestedSlice(promise.Object, "spec", "requiredPromises")
	var found []progress.Requirement
	for _, entry := range listed {
		fields, _ := entry.(map[string]any)
		name, _ := fields["name"].(string)
		version, _ := fields["version"].(string)
		found = append(found, progress.Requirement{Name: name, Version: version})
	}
	return found
}

// requirements looks at the Promises that this one needs. One that is not in the cache is not
// there, or another runner's: nothing tells of its changes, and so it is looked for again.
func (p *Promises) requirements(ctx context.Context, o *object) (fulfilled bool, again time.Duration, err error) {
	found := required(o.Unstructured)
	for i, r := range found {
		found[i].State, err = Requirement(ctx, p.Client, r.Name, r.Version)
		if err == nil && found[i].State == progress.RequirementMissing {
			again = poll
			found[i].State, err = Requirement(ctx, p.Live, r.Name, r.Version)
		}
		if err != nil {
			return false, 0, err
		}
	}
	fulfilled, told := progress.SetRequirements(o.status(), found, p.Now())
	p.tell(o, told...)
	return fulfilled, again, nil
}

// Requirement tells whether a Promise is there that another one needs; an empty version
// means any.
func Requirement(ctx context.Context, reader client.Reader, name, version string) (progress.RequirementState, error) {
	other := some(promiseKind)
	err := reader.Get(ctx, client.ObjectKey{Name: name}, other)
	if apierrors.IsNotFound(err) {
		return progress.RequirementMissing, nil
	}
	if err != nil {
		return "", err
	}
	status, _, _ := unstructured.NestedMap(other.Object, "status")
	switch {
	case version != "" && other.GetLabels()[labelVersion] != version:
		return progress.RequirementOtherVersion, nil
	case progress.GetCondition(status, progress.ConditionAvailable).Status != "True":
		return progress.RequirementUnavailable, nil
	}
	return progress.RequirementInstalled, nil
}
