// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// remove takes a Promise away: its delete workflow first, while its requests are still
// there, then the requests, and at last what made them possible.
func (p *Promises) remove(ctx context.Context, o *object) (time.Duration, error) {
	if err := o.adopt(ctx, nil); err != nil {
		return 0, err
	}
	p.available(o, progress.PromiseUnavailable)
	if _, err := p.watchServed(ctx, o); err != nil {
		return 0, err
	}
	f := p.flow(ctx, o, o.Unstructured, workflow.Kind{Type: workflow.Promise, Action: workflow.Delete})
	if has(o, v1alpha1.FinalizerDeleteWorkflows) {
		if busy, err := p.configuring(ctx, o); err != nil || busy != "" {
			if busy != "" {
				p.sayPending(o, "The delete workflow waits until no request has a run any more, as it has now: "+busy)
			}
			return poll, err
		}
		if done, after, err := f.farewell(ctx); err != nil || !done {
			return after, err
		}
		if err := o.release(ctx, v1alpha1.FinalizerDeleteWorkflows); err != nil {
			return 0, err
		}
	}
	p.Slots.Release(f.slot()) // the delete workflows of its requests may need it
	left, err := p.removeRequests(ctx, o)
	if err == nil && left == 0 {
		left, err = p.removeWorks(ctx, o)
	}
	if err == nil && left == 0 {
		left, err = p.deleteLabelled(ctx, o, &apiextensionsv1.CustomResourceDefinitionList{})
	}
	if err != nil || left > 0 {
		return time.Second, err
	}
	// The watch ends before the right to it does.
	if err := errors.Join(f.deleteRuns(ctx), f.dropRecords(ctx), p.kinds.end(ctx, o.GetName()), p.removeAccess(ctx, o)); err != nil {
		return 0, err
	}
	return 0, o.release(ctx, slices.Concat(finalizersAlways, finalizersAPI, finalizersKratix)...)
}

// configuring names a configure run of a request for the Promise that has not ended and whose results
// are not safe; empty if there is none. The delete workflow of the Promise waits for all of them, as in
// Kratix: it may remove what they use. None starts meanwhile, because the Promise is being deleted.
//
// The labels of a run are not enough: a tenant can give the run of a request for another Promise the
// labels of this one.
func (p *Promises) configuring(ctx context.Context, o *object) (string, error) {
	active, unknown := p.activeRuns(ctx)
	active = slices.DeleteFunc(active, func(r run) bool {
		of, kind := workflow.OwnerOf(r.GetLabels(), ""), workflow.KindOf(r.GetLabels())
		return of.Promise != o.GetName() || kind.Type != workflow.Resource || kind.Action != workflow.Configure
	})
	if len(active) == 0 {
		return "", unknown
	}
	requests, err := p.requests(ctx, o)
	i := slices.IndexFunc(active, func(r run) bool { return err != nil || p.waitsFor(r, requests) })
	if i < 0 {
		return "", unknown
	}
	return active[i].GetKind() + " " + active[i].GetNamespace() + "/" + active[i].GetName(), err
}

// waitsFor tells whether the run is of one of these requests, and its workflow still waits for it. A run
// whose results are safe may never end for its engine.
func (p *Promises) waitsFor(r run, requests []unstructured.Unstructured) bool {
	owner, _ := p.Seal.Owner(r.Unstructured)
	return slices.ContainsFunc(requests, func(of unstructured.Unstructured) bool {
		return of.GetUID() == owner && !progress.Read(newObject(&of).status()).Past(r.GetName())
	})
}

// farewell runs the delete workflow, if there is one. It is left out for an object whose
// workflow never ran and cannot be planned: there is nothing to undo. It is also left out in a
// namespace that is being deleted: nothing can run there, and the object must not keep it.
func (f *flow) farewell(ctx context.Context) (done bool, after time.Duration, err error) {
	listed, _, _ := unstructured.NestedSlice(f.promise.Object, "spec", "workflows", string(f.kind.Type), string(workflow.Delete))
	if len(listed) == 0 || f.fault != nil && !progress.Ran(f.object.status()) {
		return true, 0, nil
	}
	decision, err := f.advance(ctx)
	if terminating(err) {
		f.tell(f.object, progress.Event{Warning: true, Reason: reasonTerminating, Message: "The delete workflow cannot run any more: its namespace is being deleted"})
		return true, 0, nil
	}
	if err != nil || decision.Outcome != progress.Completed {
		return false, decision.RequeueAfter, err
	}
	return true, 0, f.object.saveStatus(ctx)
}

// removeRequests believes only the API server that there are none. Requests that a cache has not
// seen would be deleted with the CRD, and their delete workflows would not run.
func (p *Promises) removeRequests(ctx context.Context, o *object) (left int, err error) {
	requests, err := p.requests(ctx, o)
	if err == nil && len(requests) == 0 {
		requests, err = p.requestsLive(ctx, o)
	}
	if err != nil {
		return 0, err
	}
	return p.deleteAll(ctx, &unstructured.UnstructuredList{Items: requests}, client.PropagationPolicy(metav1.DeletePropagationBackground))
}

// removeWorks deletes the Works of a Promise and of its requests.
func (p *Promises) removeWorks(ctx context.Context, o *object) (left int, err error) {
	list := &v1alpha1.WorkList{}
	if err := p.Client.List(ctx, list, ofPromise(o)); err != nil {
		return 0, err
	}
	if list.Items, err = p.withUnseen(ctx, ofPromise(o), list.Items); err != nil {
		return 0, err
	}
	return p.deleteAll(ctx, list)
}

// removeAccess deletes accounts and rights in all namespaces. Kratix forgets those of
// Promises without an API (docs/kratix-contract.md 3.7).
func (p *Promises) removeAccess(ctx context.Context, o *object) error {
	for _, kind := range append(slices.Clone(rightsKinds), corev1.SchemeGroupVersion.WithKind("ServiceAccount")) {
		if _, err := p.deleteLabelled(ctx, o, someList(kind)); err != nil {
			return err
		}
	}
	return nil
}

// deleteLabelled deletes what has the Promise's label. It asks the API server: a cache may not show what
// was made a moment ago.
func (p *Promises) deleteLabelled(ctx context.Context, o *object, list client.ObjectList) (left int, err error) {
	if err := p.Live.List(ctx, list, ofPromise(o)); err != nil {
		return 0, err
	}
	return p.deleteAll(ctx, list)
}

// deleteAll deletes the objects in the list, and tells how many they are. Those with finalizers stay
// for a while.
func (r *Runner) deleteAll(ctx context.Context, list client.ObjectList, opts ...client.DeleteOption) (left int, err error) {
	err = meta.EachListItem(list, func(item runtime.Object) error {
		left++
		o := item.(client.Object)
		if !o.GetDeletionTimestamp().IsZero() {
			return nil
		}
		return client.IgnoreNotFound(r.Client.Delete(ctx, o, opts...))
	})
	return left, err
}
