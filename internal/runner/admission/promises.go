// SPDX-License-Identifier: Apache-2.0

// Package admission judges Promises and Destinations before the API server stores them: what
// the runner would only say in a condition later, the author hears at once.
package admission

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Promises judges Promises (docs/kratix-contract.md 1.4).
type Promises struct {
	// Client must read past caches. It needs the rights to get, create and update CRDs,
	// and only ever dry-runs.
	Client client.Client
	// Options are the installation's.
	Options func() plan.Options
	// EngineFor is the engine of a Promise; the namespace is always empty.
	EngineFor func(ctx context.Context, promise *unstructured.Unstructured, namespace string) (*engine.Engine, error)
	// Requirement tells whether a Promise is there that another one needs.
	Requirement func(ctx context.Context, reader client.Reader, name, version string) (progress.RequirementState, error)
	// Settings are annotations that are judged like the spec.
	Settings []string
}

const (
	// trialTime bounds what is asked for advice only; the API server waits ten seconds.
	trialTime = 3 * time.Second
	// maxPromise is what etcd stores of an object, unless set, in bytes. To compile a Promise
	// takes two hundred times its size of memory, so nothing longer is tried.
	maxPromise = 3 << 19
)

// Handle implements admission.Handler. It judges only changes of the spec and of Settings: a Promise
// that was stored by an earlier version can still be labelled and deleted.
func (p *Promises) Handle(ctx context.Context, req admission.Request) admission.Response {
	if req.Operation != admissionv1.Create && req.Operation != admissionv1.Update {
		return admission.Allowed("")
	}
	promise, before := &unstructured.Unstructured{}, (*unstructured.Unstructured)(nil)
	if err := promise.UnmarshalJSON(req.Object.Raw); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	if req.Operation == admissionv1.Update {
		before = &unstructured.Unstructured{}
		if err := before.UnmarshalJSON(req.OldObject.Raw); err != nil {
			return admission.Errored(http.StatusBadRequest, err)
		}
		if !promise.GetDeletionTimestamp().IsZero() || p.sayTheSame(before, promise) {
			return admission.Allowed("")
		}
	}
	if size := len(req.Object.Raw); size > maxPromise {
		return admission.Errored(http.StatusRequestEntityTooLarge, fmt.Errorf("the Promise has %d bytes as JSON, and etcd stores %d; move large data into images", size, maxPromise))
	}
	v := &verdict{kind: v1alpha1.KindPromise, name: promise.GetName(), promise: promise}
	if err := p.judge(ctx, v, before); err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return v.response()
}

func (p *Promises) sayTheSame(before, after *unstructured.Unstructured) bool {
	return equality.Semantic.DeepEqual(before.Object["spec"], after.Object["spec"]) &&
		!slices.ContainsFunc(p.Settings, func(key string) bool { return before.GetAnnotations()[key] != after.GetAnnotations()[key] })
}

// judge asks the cluster only about a Promise that makes sense in itself. An error means
// that there is no verdict.
func (p *Promises) judge(ctx context.Context, v *verdict, before *unstructured.Unstructured) error {
	if before != nil {
		v.compare(before)
	}
	e, err := p.EngineFor(ctx, v.promise, "")
	if err != nil {
		v.fault("metadata.annotations", "%v", err)
		return nil
	}
	loaded := translate.Stored(v.promise.Object)
	outputs, findings, err := e.Check(loaded, p.Options())
	v.findings(findings)
	if err != nil && !v.faulty() {
		return err // the compiler is at fault
	}
	if v.faulty() {
		return nil
	}
	if err := p.tryAPI(ctx, v); err != nil || v.faulty() {
		return err
	}
	p.advise(ctx, v, trial{engine: e, promise: loaded, outputs: outputs})
	return nil
}
