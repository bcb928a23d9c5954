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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/seal"
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

// Submit creates what Compile returned, and writes the run's UID into its object. An object
// that exists already is brought up to date if several runs share it, as they share accounts. A
// run that exists already is somebody else's, and an error.
func (e *Engine) Submit(ctx context.Context, objects []manifest.Object) error {
	return e.submitAll(ctx, objects, false)
}

// Resume is Submit where an earlier try may have created the run. A run with the same seal is
// ours. Nobody can know a seal before there is a run.
func (e *Engine) Resume(ctx context.Context, objects []manifest.Object) error {
	return e.submitAll(ctx, objects, true)
}

// submitAll creates the input last, because the run owns it and a container cannot start
// without it. If the input cannot be created, the run is deleted again. An error is *Refused if
// it is of no use to try again.
func (e *Engine) submitAll(ctx context.Context, objects []manifest.Object, again bool) error {
	last := len(objects) - 1
	if last < 0 || objects[last].GetKind() != e.Kind {
		return fmt.Errorf("there is no %s to submit; this is a fault of kratix-runner", e.Kind)
	}
	var first, inputs []*unstructured.Unstructured
	for i := range objects {
		if objects[i].GetKind() == "ConfigMap" {
			inputs = append(inputs, objects[i].DeepCopy())
		} else {
			first = append(first, objects[i].DeepCopy())
		}
	}
	if err := e.create(ctx, first, again); err != nil {
		return err
	}
	run := first[len(first)-1]
	objects[last].SetUID(run.GetUID())
	for _, input := range inputs {
		input.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: e.APIVersion, Kind: e.Kind, Name: run.GetName(), UID: run.GetUID()}})
	}
	err := e.create(ctx, inputs, again)
	if err == nil || ctx.Err() != nil {
		return err
	}
	// Without its input the run would only wait, and hold its slot.
	if failed := e.Delete(ctx, run.GetNamespace(), run.GetName(), run.GetUID()); failed != nil {
		return errors.Join(err, failed)
	}
	objects[last].SetUID("")
	return err
}

func (e *Engine) create(ctx context.Context, objects []*unstructured.Unstructured, again bool) error {
	for _, object := range objects {
		err := e.submit(ctx, object, again)
		switch {
		case err == nil:
		case errors.Is(err, ErrMissing):
			return err
		case errors.Is(err, ErrTaken), refusal.Final(err):
			return &Refused{Object: *object, Err: err}
		case meta.IsNoMatchError(err):
			return e.explain(err)
		default:
			return fmt.Errorf("create %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

func (e *Engine) submit(ctx context.Context, wanted *unstructured.Unstructured, again bool) error {
	switch wanted.GetKind() {
	case e.Kind:
		err := e.createRun(ctx, wanted, again)
		if err == nil {
			e.submitted.Created(wanted)
		}
		if apierrors.IsNotFound(err) && !aboutNamespace(err) {
			return e.explain(err)
		}
		return err
	case "ConfigMap":
		return e.replace(ctx, wanted)
	}
	existing := &unstructured.Unstructured{}
	existing.SetGroupVersionKind(wanted.GroupVersionKind())
	err := e.client.Get(ctx, client.ObjectKeyFromObject(wanted), existing)
	if apierrors.IsNotFound(err) {
		// The cache has only labelled objects: this one may be new, or somebody else's.
		return client.IgnoreAlreadyExists(e.client.Create(ctx, wanted))
	}
	if err != nil || !differs(existing, wanted) {
		return err
	}
	labels := maps.Clone(wanted.GetLabels())
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, existing.GetLabels())
	existing.SetLabels(labels)
	if !equality.Semantic.DeepEqual(existing.Object["roleRef"], wanted.Object["roleRef"]) {
		// A roleRef cannot be changed, so there must be a new binding.
		if err := e.client.Delete(ctx, existing); client.IgnoreNotFound(err) != nil {
			return err
		}
		return e.client.Create(ctx, wanted)
	}
	maps.Copy(existing.Object, content(wanted))
	return e.client.Update(ctx, existing)
}

// replace creates an object, and deletes one of that name before. The runner may not read
// ConfigMaps, which tenants have, too, and so it cannot look whose it is.
func (e *Engine) replace(ctx context.Context, wanted *unstructured.Unstructured) error {
	fresh := wanted.DeepCopy()
	err := e.client.Create(ctx, wanted)
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	if err := e.client.Delete(ctx, fresh.DeepCopy()); client.IgnoreNotFound(err) != nil {
		return err
	}
	return e.client.Create(ctx, fresh)
}

// ErrTaken is a run of this name that somebody else has made.
var ErrTaken = errors.New("it is there already and this runner has not made it; delete it")

// createRun leaves alone a run that an earlier try has made, if there can have been one. It
// goes by the seal, because anybody can copy the labels.
func (e *Engine) createRun(ctx context.Context, wanted *unstructured.Unstructured, again bool) error {
	object := wanted.DeepCopy() // a refusal leaves nothing of it
	err := e.client.Create(ctx, wanted)
	switch {
	case !apierrors.IsAlreadyExists(err):
		return err
	case !again:
		return ErrTaken
	}
	there := &unstructured.Unstructured{}
	there.SetGroupVersionKind(object.GroupVersionKind())
	if err := e.live.Get(ctx, client.ObjectKeyFromObject(object), there); err != nil {
		return err // gone again: the next try creates it
	}
	sealed := object.GetAnnotations()[seal.Annotation]
	if sealed == "" || there.GetAnnotations()[seal.Annotation] != sealed {
		return ErrTaken
	}
	wanted.SetUID(there.GetUID())
	return nil
}

// aboutNamespace tells whether the namespace is missing, and not the kind.
func aboutNamespace(err error) bool {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	return ok && status.ErrStatus.Details != nil && status.ErrStatus.Details.Kind == "namespaces"
}

// differs compares what the compiler writes. Of labels only missing ones count: others may add
// some, and a ClusterRole that runs of many namespaces share has the label of the first.
func differs(existing, wanted *unstructured.Unstructured) bool {
	for key := range wanted.GetLabels() {
		if _, there := existing.GetLabels()[key]; !there {
			return true
		}
	}
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
