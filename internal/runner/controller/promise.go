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
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Promises reconciles Promises.
type Promises struct{ *Runner }

// Reconcile brings one Promise further.
func (p *Promises) Reconcile(ctx context.Context, req Request) (reconcile.Result, error) {
	u := some(promiseKind)
	err := p.Client.Get(ctx, client.ObjectKey{Name: req.Promise}, u)
	if apierrors.IsNotFound(err) {
		p.Slots.Settle(slots.Claim{Promise: req.Promise, Object: "/" + req.Promise}, false)
		return reconcile.Result{}, p.kinds.end(ctx, req.Promise)
	}
	if err == nil {
		err = p.kinds.keep(ctx, u)
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	if p.stale.is(u) {
		return reconcile.Result{RequeueAfter: soon}, nil
	}
	o := newObject(u)
	o.stale = &p.stale
	o.trace = p.begin(o, u)
	after, err := p.reconcile(ctx, o)
	if broken(err) {
		p.Slots.Settle(claim(o.GetName(), p.placedOwner(u, u).Namespace, u), false) // others need not wait until it is mended
	}
	return p.conclude(ctx, o, after, err)
}

// reconcile has the order of docs/kratix-contract.md 7.
func (p *Promises) reconcile(ctx context.Context, o *object) (time.Duration, error) {
	if !o.GetDeletionTimestamp().IsZero() {
		return p.remove(ctx, o)
	}
	if err := o.adopt(ctx, p.Client, nil, finalizers(o)...); err != nil {
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
	fulfilled, absent, err := p.requirements(ctx, o)
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
	return sooner(after, sooner(listed, absent)), err
}

// sooner is the first of two times to come back; 0 is never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// run brings the Promise's own workflow further, and lets requests in when it has completed.
func (p *Promises) run(ctx context.Context, o *object, fulfilled bool) (time.Duration, error) {
	c := p.course(ctx, o, o.Unstructured, workflow.Kind{Type: workflow.Promise, Action: workflow.Configure})
	decision, err := c.advance(ctx)
	if err != nil {
		return 0, err
	}
	unlisted := false
	if decision.Outcome == progress.Completed { // requests hear of a pass before they are let in, or they would run twice
		err = p.passOn(ctx, o)
		if _, unlisted = errors.AsType[*caching.Unlisted](err); err != nil && !unlisted {
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
	switch {
	case decision.Outcome != progress.Completed:
		return decision.RequeueAfter, nil
	case unlisted: // the pass is not over until they are
		return sooner(decision.RequeueAfter, later), c.settle(ctx)
	}
	return decision.RequeueAfter, c.settle(ctx)
}

func (p *Promises) available(o *object, a progress.Availability) {
	for _, e := range progress.SetAvailable(o.status(), a, p.Now()) {
		p.record(o, e)
	}
}

// describe writes what people ask a Promise first.
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

// requirements looks at the Promises that this one needs. One that is not in the cache is
// not there, or somebody else's, whom this runner does not watch: it is looked for again.
func (p *Promises) requirements(ctx context.Context, o *object) (fulfilled bool, again time.Duration, err error) {
	found := required(o.Unstructured)
	for i, r := range found {
		if found[i].State, err = Requirement(ctx, p.Live, r.Name, r.Version); err != nil {
			return false, 0, err
		}
		err := p.Client.Get(ctx, client.ObjectKey{Name: r.Name}, some(promiseKind))
		if client.IgnoreNotFound(err) != nil {
			return false, 0, err
		}
		if err != nil {
			again = later
		}
	}
	fulfilled, events := progress.SetRequirements(o.status(), found, p.Now())
	for _, e := range events {
		p.record(o, e)
	}
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
