// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/refusal"
	"github.com/kratix-compile/kratix-compile/internal/runner/promised"
)

// errNotServed is a CRD that is not served yet; its own events say when it is.
var errNotServed = errors.New("the API of the Promise is not served yet")

// ensureAPI installs the Promise's CRD, if it offers anything.
func (p *Promises) ensureAPI(ctx context.Context, o *object) error {
	author, err := promised.Author(o.Unstructured)
	if err != nil || author == nil {
		return err
	}
	wanted, existing := promised.CRD(o.GetName(), author), &apiextensionsv1.CustomResourceDefinition{}
	if err := p.moved(ctx, o, wanted); err != nil {
		return err
	}
	if err := p.ensureAccess(ctx, o.GetName(), author.Spec); err != nil {
		return err
	}
	err = p.getCRD(ctx, wanted.Name, existing)
	switch {
	case apierrors.IsNotFound(err):
		if err := p.Client.Create(ctx, wanted); err != nil {
			return apiRefused(err)
		}
		return errNotServed
	case err != nil:
		return err
	}
	if err := promised.Taken(existing, o.GetName()); err != nil {
		return &Rejected{"APITaken", err}
	}
	if kind := existing.Spec.Names.Kind; kind != wanted.Spec.Names.Kind {
		return renamed("spec.names.kind", kind, existing)
	}
	if !existing.DeletionTimestamp.IsZero() {
		return &Rejected{"APIDeleted", fmt.Errorf("spec.api: somebody has deleted the CustomResourceDefinition %s, and with it all requests; it is made again when they are gone", existing.Name)}
	}
	if promised.Adopt(existing, wanted) {
		if err := p.Client.Update(ctx, existing); err != nil {
			return apiRefused(err)
		}
	}
	switch ok, why := promised.Established(existing); {
	case ok:
		return nil // watchServed watches it as soon as the cache has its label
	case why != "":
		return &Rejected{"APINotServed", fmt.Errorf("spec.api: %s", why)}
	}
	return errNotServed
}

// moved is an error if the Promise has an API of another name already. Nobody would look after the
// requests for that one, and they could never be deleted.
func (p *Promises) moved(ctx context.Context, o *object, wanted *apiextensionsv1.CustomResourceDefinition) error {
	labelled := &apiextensionsv1.CustomResourceDefinitionList{}
	if err := p.Client.List(ctx, labelled, ofPromise(o)); err != nil {
		return err
	}
	for i := range labelled.Items {
		if had := &labelled.Items[i]; had.Name != wanted.Name && had.DeletionTimestamp.IsZero() {
			return renamed("metadata.name", had.Name, had)
		}
	}
	return nil
}

// renamed is for what must not change in spec.api. The webhook refuses it, but need not be there.
func renamed(field, before string, had *apiextensionsv1.CustomResourceDefinition) error {
	return &Rejected{"APIRenamed", fmt.Errorf("spec.api.%s: it was %s and cannot change; change it back and make another Promise, "+
		"or delete the CustomResourceDefinition %s, and all its objects with it", field, before, had.Name)}
}

// getCRD asks the API server for a CRD that is not in the cache. The cache holds only those with
// the label of a Promise: the CRDs of the engines are larger than everything else in it.
func (p *Promises) getCRD(ctx context.Context, name string, into *apiextensionsv1.CustomResourceDefinition) error {
	err := p.Client.Get(ctx, client.ObjectKey{Name: name}, into)
	if apierrors.IsNotFound(err) {
		return p.Live.Get(ctx, client.ObjectKey{Name: name}, into)
	}
	return err
}

// apiRefused tells errors that the author has to correct from those that may pass.
func apiRefused(err error) error {
	if refusal.Final(err) {
		return &Rejected{"APIRefused", fmt.Errorf("spec.api: %w", err)}
	}
	return fmt.Errorf("install the API of the Promise: %w", err)
}

// watchServed watches the Promise's kind if the cluster serves it, also if something is wrong with
// the Promise or its CRD: requests that are deleted must be able to go. It tells when to look
// again if the requests cannot be listed.
func (p *Promises) watchServed(ctx context.Context, o *object) (again time.Duration, err error) {
	crd, err := p.offeredBy(ctx, o)
	if err != nil {
		return 0, err
	}
	if crd == nil { // without it there are no requests
		p.Slots.Clear(o.GetName())
		return 0, p.kinds.end(ctx, o.GetName())
	}
	offered := offer{promise: o.GetUID(), crd: crd.UID, kind: storedKind(crd)}
	if ok, _ := promised.Established(crd); ok && owns(o, crd) && !p.kinds.watches(o.GetName(), offered) {
		// The CRD of a Promise that was Kratix's is there, and the runner has no rights on it yet.
		err := p.ensureAccess(ctx, o.GetName(), crd.Spec)
		if err == nil {
			err = p.checkAccess(ctx, crd.Spec)
		}
		if err == nil {
			err = p.kinds.watch(ctx, o.GetName(), offered)
		}
		if err != nil {
			return 0, err
		}
	}
	return p.listed(ctx, o)
}

// offeredBy is the CRD of a Promise, nil if there is none. If somebody has removed spec.api, it is
// found by its label: there may still be requests.
func (p *Promises) offeredBy(ctx context.Context, o *object) (*apiextensionsv1.CustomResourceDefinition, error) {
	if name := nestedString(o.Unstructured, "spec", "api", "metadata", "name"); name != "" {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := p.getCRD(ctx, name, crd); !apierrors.IsNotFound(err) {
			return crd, err
		}
	}
	labelled := &apiextensionsv1.CustomResourceDefinitionList{}
	if err := p.Client.List(ctx, labelled, ofPromise(o)); err != nil || len(labelled.Items) == 0 {
		return nil, err
	}
	return &labelled.Items[0], nil
}

// ofPromise are all things that have the label of a Promise.
func ofPromise(o *object) client.MatchingLabels {
	return client.MatchingLabels{v1alpha1.LabelPromise: o.GetName()}
}

// owns tells whether a CRD is the Promise's. One without the label is not: it may have objects
// that are no requests, and they must not be deleted with the Promise.
func owns(o *object, crd *apiextensionsv1.CustomResourceDefinition) bool {
	return crd.Labels[v1alpha1.LabelPromise] == o.GetName()
}

func storedKind(crd *apiextensionsv1.CustomResourceDefinition) schema.GroupVersionKind {
	i := slices.IndexFunc(crd.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Storage })
	return schema.GroupVersionKind{Group: crd.Spec.Group, Version: crd.Spec.Versions[max(i, 0)].Name, Kind: crd.Spec.Names.Kind}
}

// LabelAggregate is on the ClusterRoles that make up the runner's own (deploy/rbac).
const LabelAggregate = "kratix-compile.io/aggregate-to-runner"

// rolePrefix begins the names of the runner's roles for what Promises offer. Names of
// Pipelines' roles have no colon.
const rolePrefix = "kratix-runner:promise:"

// ensureAccess gives the runner the rights on what a Promise offers: its installation knows
// nothing of that kind. They go with the Promise, like all roles that have its label.
func (p *Promises) ensureAccess(ctx context.Context, promise string, offers apiextensionsv1.CustomResourceDefinitionSpec) error {
	wanted := access(promise, offers)
	existing := some(wanted.GroupVersionKind())
	err := p.Client.Get(ctx, client.ObjectKeyFromObject(wanted), existing)
	switch {
	case apierrors.IsNotFound(err):
		err = client.IgnoreAlreadyExists(p.Client.Create(ctx, wanted))
	case err == nil && (existing.GetLabels()[LabelAggregate] != "true" || !equality.Semantic.DeepEqual(existing.Object["rules"], wanted.Object["rules"])):
		existing.SetLabels(wanted.GetLabels())
		existing.Object["rules"] = wanted.Object["rules"]
		err = p.Client.Update(ctx, existing)
	}
	if err != nil {
		return fmt.Errorf("let the runner see the requests: %w", err)
	}
	return nil
}

func access(promise string, offers apiextensionsv1.CustomResourceDefinitionSpec) *unstructured.Unstructured {
	rule := func(resource string, verbs ...any) map[string]any {
		return map[string]any{"apiGroups": []any{offers.Group}, "resources": []any{resource}, "verbs": verbs}
	}
	role := some(rbacv1.SchemeGroupVersion.WithKind("ClusterRole"))
	role.SetName(rolePrefix + promise)
	role.SetLabels(map[string]string{v1alpha1.LabelPromise: promise, LabelAggregate: "true"})
	role.Object["rules"] = []any{
		rule(offers.Names.Plural, "get", "list", "watch", "patch", "delete"),
		rule(offers.Names.Plural+"/status", "update"),
	}
	return role
}

// checkAccess fails until the rights are there. A watch that is begun without them tries again
// only after a while.
func (p *Promises) checkAccess(ctx context.Context, offers apiextensionsv1.CustomResourceDefinitionSpec) error {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Group: offers.Group, Resource: offers.Names.Plural, Verb: "watch"},
	}}
	if err := p.Client.Create(ctx, review); err != nil {
		return fmt.Errorf("ask for the runner's rights: %w", err)
	}
	if !review.Status.Allowed {
		return fmt.Errorf("the runner may not watch %s.%s yet; its ClusterRole must aggregate those with the label %s=true",
			offers.Names.Plural, offers.Group, LabelAggregate)
	}
	return nil
}
