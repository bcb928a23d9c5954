// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/kratix-compile/kratix-compile/internal/runner/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/tracing"
)

// object is a Promise or a request while it is reconciled: what the API server has, and
// the status that is to be written.
type object struct {
	*unstructured.Unstructured
	// stored is the status as the API server has it.
	stored map[string]any
	// stale hears of what is written; it may be nil.
	stale *stale
	// trace is what the next adoption begins; it may be nil.
	trace *tracing.Beginning
}

func newObject(u *unstructured.Unstructured) *object {
	o := &object{Unstructured: u}
	o.stored = runtime.DeepCopyJSON(o.status())
	return o
}

// status may be changed by whoever reconciles; saveStatus writes it.
func (o *object) status() map[string]any {
	status, ok := o.Object["status"].(map[string]any)
	if !ok {
		status = map[string]any{}
		o.Object["status"] = status
	}
	return status
}

// saveStatus writes the status if it has changed. It fails with a conflict if anybody has
// changed the object since it was read: what was decided was decided for another one.
func (o *object) saveStatus(ctx context.Context, c client.Client) error {
	if equality.Semantic.DeepEqual(o.stored, o.status()) {
		return nil
	}
	status, before := runtime.DeepCopyJSON(o.status()), o.GetResourceVersion()
	if err := c.Status().Update(ctx, o.Unstructured); err != nil {
		o.Object["status"] = runtime.DeepCopyJSON(status)
		return gone(err)
	}
	o.stored = status
	o.replaced(before)
	return nil
}

// replaced remembers that the object has had another version, unless nothing has changed.
func (o *object) replaced(version string) {
	if version != o.GetResourceVersion() {
		o.stale.replaced(o, version, time.Now())
	}
}

// reset forgets what was to be written.
func (o *object) reset() { o.Object["status"] = runtime.DeepCopyJSON(o.stored) }

// errGone is an object that was deleted while it was reconciled.
var errGone = errors.New("the object is gone")

func gone(err error) error {
	if refusal.Gone(err) {
		return errGone
	}
	return err
}

// setLabel sets a label, or removes it with an empty value. It fails with a conflict if
// anybody has changed the object since it was read.
func (o *object) setLabel(ctx context.Context, c client.Client, key, value string) error {
	var wanted any = value
	if value == "" {
		wanted = nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": o.GetResourceVersion(), "labels": map[string]any{key: wanted},
	}})
	if err != nil {
		return err
	}
	return o.keepStatus(func() error { return c.Patch(ctx, o.Unstructured, client.RawPatch(types.MergePatchType, patch)) })
}

// adopt adds finalizers, labels and a trace, in one write or none.
func (o *object) adopt(ctx context.Context, c client.Client, labels map[string]string, finalizers ...string) error {
	before := o.DeepCopy()
	for _, f := range finalizers {
		controllerutil.AddFinalizer(o, f)
	}
	all := o.GetLabels()
	for key, value := range labels {
		if all == nil {
			all = map[string]string{}
		}
		all[key] = value
	}
	o.SetLabels(all)
	o.SetAnnotations(o.trace.Annotate(o.GetAnnotations()))
	if err := o.patchFrom(ctx, c, before); err != nil {
		return err
	}
	o.trace.Written()
	return nil
}

// release removes finalizers, in one write or none.
func (o *object) release(ctx context.Context, c client.Client, finalizers ...string) error {
	before := o.DeepCopy()
	o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return slices.Contains(finalizers, f) }))
	return o.patchFrom(ctx, c, before)
}

func (o *object) patchFrom(ctx context.Context, c client.Client, before *unstructured.Unstructured) error {
	if equality.Semantic.DeepEqual(before.Object["metadata"], o.Object["metadata"]) {
		return nil
	}
	return o.keepStatus(func() error {
		return c.Patch(ctx, o.Unstructured, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	})
}

// keepStatus lets a write answer with the object and keeps the status that is not written yet.
func (o *object) keepStatus(write func() error) error {
	status, before := o.status(), o.GetResourceVersion()
	err := write()
	if err == nil {
		o.stored = runtime.DeepCopyJSON(o.status())
		o.replaced(before)
	}
	o.Object["status"] = status
	return gone(err)
}
