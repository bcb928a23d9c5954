// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/promised"
)

// requests are all for what the Promise offers. If the kind is not watched, the API server is
// asked: that nothing is known of requests does not mean that there are none.
func (p *Promises) requests(ctx context.Context, o *object) ([]unstructured.Unstructured, error) {
	list := &unstructured.UnstructuredList{}
	watched, err := p.kinds.read(ctx, o.GetName(), o.GetUID(), func(kind schema.GroupVersionKind) error {
		list = someList(kind)
		return p.Client.List(ctx, list)
	})
	if watched || err != nil {
		return list.Items, err
	}
	return p.requestsLive(ctx, o)
}

// liveTime bounds a list past the cache: the API server waits half a minute for a conversion
// webhook that does not answer.
const liveTime = 10 * time.Second

// requestsLive are the requests that the API server has: the objects of every CRD with the
// Promise's label, whatever spec.api says now. If it cannot list them, the error is a
// caching.Unlisted.
func (p *Promises) requestsLive(ctx context.Context, o *object) ([]unstructured.Unstructured, error) {
	crds := &apiextensionsv1.CustomResourceDefinitionList{}
	if err := p.Live.List(ctx, crds, ofPromise(o)); err != nil {
		return nil, err
	}
	var all []unstructured.Unstructured
	for i := range crds.Items {
		of, err := p.objectsLive(ctx, &crds.Items[i])
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	return all, nil
}

// objectsLive are those of a CRD. One that was never served has none.
func (p *Promises) objectsLive(ctx context.Context, crd *apiextensionsv1.CustomResourceDefinition) ([]unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(ctx, liveTime)
	defer cancel()
	list := someList(storedKind(crd))
	err := p.Live.List(ctx, list)
	if err == nil {
		return list.Items, nil
	}
	if served, _ := promised.Established(crd); !served && (apierrors.IsNotFound(err) || meta.IsNoMatchError(err)) {
		return nil, nil
	}
	return nil, &caching.Unlisted{Kind: storedKind(crd), Cause: err}
}

// conditionListed is False while the API server cannot list the requests of a Promise, and True when
// it can again.
const conditionListed = "RequestsListed"

// listed says in a condition whether the requests can be listed, and when to look again. The
// Promise's own workflow does not wait for that: it may install what is missing for it.
func (p *Promises) listed(ctx context.Context, o *object) (again time.Duration, err error) {
	watched, err := p.kinds.read(ctx, o.GetName(), o.GetUID(), func(kind schema.GroupVersionKind) error {
		return p.Client.List(ctx, someList(kind), client.Limit(1))
	})
	unlisted, is := errors.AsType[*caching.Unlisted](err)
	switch {
	case is:
		if unlisted.Amiss(p.Now()) {
			p.say(o, conditionListed, "False", reasonUnlisted, unlisted.Error())
		}
		return poll, nil
	case watched && err == nil && progress.GetCondition(o.status(), conditionListed).Status == "False":
		progress.SetCondition(o.status(), progress.Condition{Type: conditionListed, Status: "True", Reason: "KindListed", Message: "Requests listed"}, p.Now())
	}
	return 0, err
}

// annotationPass is on a request: the last pass of its Promise that it has heard of.
const annotationPass = "kratix-compile.io/pass"

// passOn tells all requests to start over, if a label asks for that. Each such pass has a number.
// The Promise's status gets it before the label is removed, and each request gets it together with
// its own label. So a request that was told is not told again, also after a crash in between.
//
// A request that cannot be told keeps neither the others nor the Promise back. It is tried again
// after a while, unless the API server refuses it for good.
func (p *Promises) passOn(ctx context.Context, o *object) (again time.Duration, err error) {
	number, pending := pass(o)
	if o.GetLabels()[progress.LabelReconcileResources] == "true" {
		number, pending = number+1, true
		if err := p.notePass(ctx, o, number, pending); err != nil {
			return 0, err
		}
		if err := o.mark(ctx, map[string]any{progress.LabelReconcileResources: nil}, nil); err != nil {
			return 0, err
		}
	}
	if !pending {
		return 0, nil
	}
	requests, err := p.requests(ctx, o)
	if err != nil {
		return 0, err
	}
	untold, heard, text := map[*object]error{}, false, strconv.FormatInt(number, 10)
	for i := range requests {
		request := p.object(&requests[i])
		if err := p.passTo(ctx, request, text); err != nil {
			untold[request] = err
		}
		heard = heard || request.GetAnnotations()[annotationPass] == text
	}
	for request, err := range untold {
		again = sooner(again, p.retell(ctx, request, err, heard))
	}
	if again > 0 {
		return again, nil
	}
	p.tell(o, progress.Event{Reason: progress.ReasonReconcilingResources, Message: fmt.Sprintf("All %d requests start over", len(requests))})
	return 0, p.notePass(ctx, o, number, false)
}

// passTo tells a request of a pass, unless it has heard of it.
func (p *Promises) passTo(ctx context.Context, request *object, number string) error {
	if request.GetAnnotations()[annotationPass] == number || !request.GetDeletionTimestamp().IsZero() {
		return nil
	}
	err := request.mark(ctx, map[string]any{progress.LabelRunFromStart: "true"}, map[string]any{annotationPass: number})
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

// retell says when to try again to tell a request of a pass; 0 is never. A tenant can keep a request
// from being told: with as many annotations as it can have, by a policy in its namespace, or by
// writing to it all the time. What is forbidden for all requests may be a right that the runner lacks.
func (p *Promises) retell(ctx context.Context, request *object, err error, othersHeard bool) time.Duration {
	switch {
	case refusal.Final(err), apierrors.IsForbidden(err) && othersHeard:
		p.tell(request, progress.Event{Warning: true, Reason: progress.ReasonReconcilingResources, Message: "It does not start over as its Promise asks: " + err.Error()})
		return 0
	case apierrors.IsConflict(err):
		return time.Second
	}
	log.FromContext(ctx).Error(err, "A request was not told to start over; it will be", "namespace", request.GetNamespace(), "request", request.GetName())
	return poll
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
	return o.saveStatus(ctx)
}
