// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

var (
	finalizersAlways = []string{finalizerWorkflows, finalizerDependencies}
	finalizersAPI    = []string{finalizerRequests, finalizerDependants, finalizerAPI}
)

// finalizers are a Promise's, in the order of docs/kratix-contract.md 6.13.
func finalizers(o *object) []string {
	all := slices.Clone(finalizersAlways)
	if raw, ok, _ := unstructured.NestedMap(o.Object, "spec", "api"); ok && len(raw) > 0 {
		all = append(all, finalizersAPI...)
	}
	if pipelines, _, _ := unstructured.NestedSlice(o.Object, "spec", "workflows", "promise", "delete"); len(pipelines) > 0 {
		all = append(all, v1alpha1.FinalizerDeleteWorkflows)
	}
	return all
}

func has(o *object, finalizer string) bool { return slices.Contains(o.GetFinalizers(), finalizer) }

// remove takes a Promise away: its delete workflow first, while its requests are still
// there, then the requests, and at last what made them possible.
func (p *Promises) remove(ctx context.Context, o *object) (time.Duration, error) {
	if err := o.adopt(ctx, p.Client, nil); err != nil {
		return 0, err
	}
	p.available(o, progress.PromiseUnavailable)
	if _, err := p.watchServed(ctx, o); err != nil {
		return 0, err
	}
	c := p.course(ctx, o, o.Unstructured, workflow.Kind{Type: workflow.Promise, Action: workflow.Delete})
	if has(o, v1alpha1.FinalizerDeleteWorkflows) {
		if done, after, err := c.farewell(ctx); err != nil || !done {
			return after, err
		}
		if err := o.release(ctx, p.Client, v1alpha1.FinalizerDeleteWorkflows); err != nil {
			return 0, err
		}
	}
	for _, step := range []func(context.Context, *course) (bool, error){
		p.removeRequests, p.removeWorks, p.removeAPI,
	} {
		if left, err := step(ctx, c); err != nil || left {
			return time.Second, err
		}
	}
	if err := errors.Join(c.deleteRuns(ctx), c.dropRecords(ctx), p.removeAccess(ctx, o)); err != nil {
		return 0, err
	}
	p.Slots.Settle(c.slot(), false)
	if err := p.kinds.end(ctx, o.GetName()); err != nil {
		return 0, err
	}
	return 0, o.release(ctx, p.Client, slices.Concat(finalizersAlways, finalizersAPI, finalizersKratix)...)
}

// farewell runs the delete workflow, if there is one and there is anything to say goodbye
// to: what never ran may be as broken as it likes. In a namespace that goes, nothing can
// run any more, and the object must not hold it up.
func (c *course) farewell(ctx context.Context) (done bool, after time.Duration, err error) {
	listed, _, _ := unstructured.NestedSlice(c.promise.Object, "spec", "workflows", string(c.kind.Type), string(workflow.Delete))
	if len(listed) == 0 || c.broken() && progress.Read(c.object.status()).Round == 0 {
		return true, 0, nil
	}
	decision, err := c.advance(ctx)
	if terminating(err) {
		c.record(c.object, progress.Event{Warning: true, Reason: "NamespaceTerminating", Message: "The delete workflow cannot run any more: its namespace is being deleted"})
		return true, 0, nil
	}
	if err != nil || decision.Outcome != progress.Completed {
		return false, decision.RequeueAfter, err
	}
	return true, 0, c.object.saveStatus(ctx, c.Client)
}

// removeRequests believes only the API server that there are none: with the CRD those
// would go that a cache has not seen, and nobody could say goodbye to them.
func (p *Promises) removeRequests(ctx context.Context, c *course) (bool, error) {
	requests, err := p.requests(ctx, c.object)
	if err == nil && len(requests) == 0 {
		requests, err = p.requestsLive(ctx, c.object)
	}
	if err != nil {
		return true, err
	}
	for i := range requests {
		if !requests[i].GetDeletionTimestamp().IsZero() {
			continue
		}
		err := p.Client.Delete(ctx, &requests[i], client.PropagationPolicy(metav1.DeletePropagationBackground))
		if client.IgnoreNotFound(err) != nil {
			return true, err
		}
	}
	return len(requests) > 0, nil
}

func (p *Promises) removeWorks(ctx context.Context, c *course) (bool, error) {
	list := &v1alpha1.WorkList{}
	if err := p.Client.List(ctx, list, ofPromise(c.object)); err != nil {
		return true, err
	}
	return len(list.Items) > 0, p.deleteAll(ctx, list.Items)
}

func (p *Promises) removeAPI(ctx context.Context, c *course) (bool, error) {
	list := &apiextensionsv1.CustomResourceDefinitionList{}
	if err := p.Client.List(ctx, list, ofPromise(c.object)); err != nil {
		return true, err
	}
	for i := range list.Items {
		if !list.Items[i].DeletionTimestamp.IsZero() {
			continue
		}
		if err := p.Client.Delete(ctx, &list.Items[i]); client.IgnoreNotFound(err) != nil {
			return true, err
		}
	}
	return len(list.Items) > 0, nil
}

// removeAccess deletes accounts and rights in all namespaces. Kratix forgets those of
// Promises without an API (docs/kratix-contract.md 3.7).
func (p *Promises) removeAccess(ctx context.Context, o *object) error {
	for _, list := range []client.ObjectList{
		&rbacv1.ClusterRoleBindingList{}, &rbacv1.ClusterRoleList{}, &rbacv1.RoleBindingList{}, &rbacv1.RoleList{}, &corev1.ServiceAccountList{},
	} {
		if err := p.Client.List(ctx, list, ofPromise(o)); err != nil {
			return err
		}
		if err := p.deleteEach(ctx, list); err != nil {
			return err
		}
	}
	return nil
}

// dropRecords removes harvests of the object that nobody will take any more.
func (c *course) dropRecords(ctx context.Context) error {
	heads := &metav1.PartialObjectMetadataList{}
	heads.SetGroupVersionKind(headKind)
	if err := c.Client.List(ctx, heads, client.InNamespace(c.Records.Namespace), client.MatchingLabels(c.labels())); err != nil {
		return err
	}
	for i := range heads.Items {
		r, err := record.Of(&heads.Items[i])
		if err != nil || !ownerOf(c.promise, c.object.Unstructured).Owns(r.Labels, r.Namespace) {
			continue
		}
		if err := c.Records.Delete(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) deleteEach(ctx context.Context, list client.ObjectList) error {
	return meta.EachListItem(list, func(item runtime.Object) error {
		return client.IgnoreNotFound(r.Client.Delete(ctx, item.(client.Object)))
	})
}
