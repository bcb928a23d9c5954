// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/expectations"
	"github.com/kratix-compile/kratix-compile/internal/tracing"
)

// object is a Promise or a request while it is reconciled: what the API server has, and
// the status that is to be written.
type object struct {
	*unstructured.Unstructured
	// stored is the status as the API server has it.
	stored map[string]any
	// client writes the object, and written hears of it.
	client  client.Client
	written *expectations.Writes
	// trace is what the next adoption begins; it may be nil.
	trace *tracing.Beginning
}

func newObject(u *unstructured.Unstructured) *object {
	o := &object{Unstructured: u}
	o.stored = runtime.DeepCopyJSON(o.status())
	return o
}

// object is one that the runner can write.
func (r *Runner) object(u *unstructured.Unstructured) *object {
	o := newObject(u)
	o.client, o.written = r.Client, &r.written
	return o
}

// status is changed in place; saveStatus writes it.
func (o *object) status() map[string]any {
	status, ok := o.Object["status"].(map[string]any)
	if !ok {
		status = map[string]any{}
		o.Object["status"] = status
	}
	return status
}

// reset forgets what was to be written.
func (o *object) reset() { o.Object["status"] = runtime.DeepCopyJSON(o.stored) }

// saveStatus writes the status if it has changed. It fails with a conflict if the object has
// changed since it was read: the decision was made for an earlier version.
func (o *object) saveStatus(ctx context.Context) error {
	if equality.Semantic.DeepEqual(o.stored, o.status()) {
		return nil
	}
	status, before := runtime.DeepCopyJSON(o.status()), o.GetResourceVersion()
	err := o.client.Status().Update(ctx, o.Unstructured)
	o.Object["status"] = status // the answer leaves out what the schema does not know
	if err != nil {
		return gone(err)
	}
	o.stored = runtime.DeepCopyJSON(status)
	o.written.Replaced(o, before, time.Now())
	return nil
}

// adopt adds finalizers, labels and a trace, in one write or none.
func (o *object) adopt(ctx context.Context, labels map[string]string, finalizers ...string) error {
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
	if err := o.patchFrom(ctx, before); err != nil {
		return err
	}
	o.trace.Written()
	return nil
}

// release removes finalizers, in one write or none.
func (o *object) release(ctx context.Context, finalizers ...string) error {
	before := o.DeepCopy()
	o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return slices.Contains(finalizers, f) }))
	return o.patchFrom(ctx, before)
}

func (o *object) patchFrom(ctx context.Context, before *unstructured.Unstructured) error {
	if equality.Semantic.DeepEqual(before.Object["metadata"], o.Object["metadata"]) {
		return nil
	}
	return o.patch(ctx, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// mark sets labels and annotations, or removes those that are nil. It fails with a conflict if
// the object has changed since it was read.
func (o *object) mark(ctx context.Context, labels, annotations map[string]any) error {
	metadata := map[string]any{"resourceVersion": o.GetResourceVersion(), "labels": labels}
	if annotations != nil {
		metadata["annotations"] = annotations
	}
	patch, err := json.Marshal(map[string]any{"metadata": metadata})
	if err != nil {
		return err
	}
	return o.patch(ctx, client.RawPatch(types.MergePatchType, patch))
}

// patch keeps the status that is not written yet: the API server answers with the one it has.
func (o *object) patch(ctx context.Context, patch client.Patch) error {
	status, before := o.status(), o.GetResourceVersion()
	err := o.client.Patch(ctx, o.Unstructured, patch)
	if err == nil {
		o.stored = runtime.DeepCopyJSON(o.status())
		o.written.Replaced(o, before, time.Now())
	}
	o.Object["status"] = status
	return gone(err)
}

// errGone is an object that was deleted while it was reconciled.
var errGone = errors.New("the object is gone")

func gone(err error) error {
	if refusal.Gone(err) {
		return errGone
	}
	return err
}

// maxObject is what an object may have in bytes, as JSON. It is the input of the next
// Pipeline, in a ConfigMap, which holds as much; etcd would take half as much again.
const maxObject = 1 << 20

// checkSize names what makes an object too large: the largest parts of its status.
func (o *object) checkSize() error {
	if err := engine.TooMany(o.Unstructured); err != nil && o.GetNamespace() != "" {
		return err
	}
	all, err := json.Marshal(o.Object)
	if err != nil || len(all) <= maxObject {
		return err
	}
	sizes := map[string]int{}
	for key, value := range o.status() {
		part, err := json.Marshal(value)
		if err != nil {
			return err
		}
		sizes[key] = len(part)
	}
	var largest []string
	for _, key := range slices.SortedFunc(maps.Keys(sizes), func(a, b string) int {
		return cmp.Or(cmp.Compare(sizes[b], sizes[a]), cmp.Compare(a, b))
	}) {
		largest = append(largest, fmt.Sprintf("%s has %d KiB", key, sizes[key]>>10))
	}
	const shown = 3
	return fmt.Errorf("the object would have %d KiB, and may have %d; write less into its status, or put it into a file (%s)",
		len(all)>>10, maxObject>>10, strings.Join(largest[:min(shown, len(largest))], ", "))
}
