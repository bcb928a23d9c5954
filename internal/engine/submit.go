// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/translate/manifest"
)

// Refused is a manifest that the API server will not take, however often it is asked.
type Refused struct {
	Object manifest.Object
	Err    error
}

func (e *Refused) Error() string {
	return fmt.Sprintf("the API server refuses %s %s: %v", e.Object.GetKind(), e.Object.GetName(), e.Err)
}

// Unwrap is the API server's own error.
func (e *Refused) Unwrap() error { return e.Err }

// Submit creates what Compile returned, in order. What exists is left alone if it belongs
// to one run, and brought up to date if several runs share it. An error is *Refused where
// trying again is of no use.
func (e *Engine) Submit(ctx context.Context, objects []manifest.Object) error {
	for i := range objects {
		object := objects[i].DeepCopy()
		err := e.submit(ctx, object)
		switch {
		case err == nil:
		case errors.Is(err, ErrMissing):
			return err
		case errors.Is(err, errTaken), hopeless(err) && !apierrors.IsForbidden(err): // rights, quotas and policies change
			return &Refused{Object: objects[i], Err: err}
		case meta.IsNoMatchError(err):
			return e.explain(err)
		default:
			return fmt.Errorf("create %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// hopeless are answers that trying again does not change.
func hopeless(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) || apierrors.IsRequestEntityTooLargeError(err)
}

func (e *Engine) submit(ctx context.Context, wanted *unstructured.Unstructured) error {
	switch wanted.GetKind() {
	case e.Kind:
		err := e.createRun(ctx, wanted)
		if err == nil {
			e.fresh.created(wanted)
		}
		if apierrors.IsNotFound(err) && !aboutNamespace(err) {
			return e.explain(err)
		}
		return err
	case "ConfigMap":
		// The runner may not read it, to see whose it is: tenants have theirs.
		return client.IgnoreAlreadyExists(e.client.Create(ctx, wanted))
	}
	existing := &unstructured.Unstructured{}
	existing.SetGroupVersionKind(wanted.GroupVersionKind())
	err := e.client.Get(ctx, client.ObjectKeyFromObject(wanted), existing)
	if apierrors.IsNotFound(err) {
		// The cache sees only what is labelled: it may be somebody else's, or new.
		return client.IgnoreAlreadyExists(e.client.Create(ctx, wanted))
	}
	if err != nil || !differs(existing, wanted) {
		return err
	}
	if !equality.Semantic.DeepEqual(existing.Object["roleRef"], wanted.Object["roleRef"]) {
		// Nobody may change it; a binding to another role is another binding.
		if err := e.client.Delete(ctx, existing); client.IgnoreNotFound(err) != nil {
			return err
		}
		return e.client.Create(ctx, wanted)
	}
	maps.Copy(existing.Object, content(wanted))
	return e.client.Update(ctx, existing)
}

// errTaken is a run of our name that somebody else has made.
var errTaken = errors.New("it is there already and is not of this Promise; delete it")

// createRun leaves alone what an earlier try has made, which is known by its labels.
func (e *Engine) createRun(ctx context.Context, wanted *unstructured.Unstructured) error {
	object := wanted.DeepCopy() // a refusal leaves nothing of it
	err := e.client.Create(ctx, wanted)
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	there := &unstructured.Unstructured{}
	there.SetGroupVersionKind(object.GroupVersionKind())
	if err := e.live.Get(ctx, client.ObjectKeyFromObject(object), there); err != nil {
		return err // gone again: the next try creates it
	}
	if !labels.SelectorFromSet(object.GetLabels()).Matches(labels.Set(there.GetLabels())) {
		return errTaken
	}
	return nil
}

// aboutNamespace tells a namespace that is not there from a kind that is not served.
func aboutNamespace(err error) bool {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	return ok && status.ErrStatus.Details != nil && status.ErrStatus.Details.Kind == "namespaces"
}

// differs compares what the compiler writes; labels and annotations of others stay.
func differs(existing, wanted *unstructured.Unstructured) bool {
	for key, value := range content(wanted) {
		if !equality.Semantic.DeepEqual(existing.Object[key], value) {
			return true
		}
	}
	return false
}

func content(object *unstructured.Unstructured) map[string]any {
	own := map[string]any{}
	for key, value := range object.Object {
		switch key {
		case "apiVersion", "kind", "metadata", "status":
		default:
			own[key] = value
		}
	}
	return own
}
