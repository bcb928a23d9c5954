// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// annotationPass is on a request: the last pass of its Promise that it has heard of.
const annotationPass = "kratix-compile.io/pass"

// passOn tells all requests to start over, if somebody asked for that with a label. Each
// pass has a number, which the status has before the label goes, and a request gets with its
// own label: so one that was told is not told again, whatever comes between.
func (p *Promises) passOn(ctx context.Context, o *object) error {
	number, pending := pass(o)
	if o.GetLabels()[progress.LabelReconcileResources] == "true" {
		number, pending = number+1, true
		if err := p.notePass(ctx, o, number, pending); err != nil {
			return err
		}
		if err := o.setLabel(ctx, p.Client, progress.LabelReconcileResources, ""); err != nil {
			return err
		}
	}
	if !pending {
		return nil
	}
	requests, err := p.requests(ctx, o)
	if err != nil {
		return err
	}
	for i := range requests {
		if err := p.tell(ctx, newObject(&requests[i]), number); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	p.record(o, progress.Event{Reason: progress.ReasonReconcilingResources, Message: fmt.Sprintf("All %d requests start over", len(requests))})
	return p.notePass(ctx, o, number, false)
}

func pass(o *object) (number int64, pending bool) {
	number, _, _ = unstructured.NestedInt64(o.Object, "status", "kratix", "pass", "number")
	pending, _, _ = unstructured.NestedBool(o.Object, "status", "kratix", "pass", "pending")
	return number, pending
}

func (p *Promises) notePass(ctx context.Context, o *object, number int64, pending bool) error {
	noted := map[string]any{"number": number}
	if pending {
		noted["pending"] = true
	}
	if err := unstructured.SetNestedMap(o.Object, noted, "status", "kratix", "pass"); err != nil {
		return err
	}
	return o.saveStatus(ctx, p.Client)
}

// tell puts the label and the number on a request, in one write.
func (p *Promises) tell(ctx context.Context, request *object, number int64) error {
	text := strconv.FormatInt(number, 10)
	if request.GetAnnotations()[annotationPass] == text || !request.GetDeletionTimestamp().IsZero() {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": request.GetResourceVersion(),
		"labels":          map[string]any{progress.LabelRunFromStart: "true"},
		"annotations":     map[string]any{annotationPass: text},
	}})
	if err != nil {
		return err
	}
	return p.Client.Patch(ctx, request.Unstructured, client.RawPatch(types.MergePatchType, patch))
}
