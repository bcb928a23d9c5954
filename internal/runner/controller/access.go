// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// LabelAggregate is on the ClusterRoles that make up the runner's own (deploy/rbac).
const LabelAggregate = "kratix-compile.io/aggregate-to-runner"

// rolePrefix begins the names of the runner's roles for what Promises offer. Names of
// Pipelines' roles have no colon.
const rolePrefix = "kratix-runner:promise:"

// ensureAccess gives the runner the rights on what a Promise offers: nobody knew of that
// when it was installed. They go with the Promise, as all roles that have its label.
func (p *Promises) ensureAccess(ctx context.Context, promise string, offers apiextensionsv1.CustomResourceDefinitionSpec) error {
	wanted := access(promise, offers)
	existing := &rbacv1.ClusterRole{}
	err := p.Client.Get(ctx, client.ObjectKeyFromObject(wanted), existing)
	switch {
	case apierrors.IsNotFound(err):
		err = client.IgnoreAlreadyExists(p.Client.Create(ctx, wanted))
	case err == nil && (existing.Labels[LabelAggregate] != "true" || !equality.Semantic.DeepEqual(existing.Rules, wanted.Rules)):
		existing.Labels, existing.Rules = wanted.Labels, wanted.Rules
		err = p.Client.Update(ctx, existing)
	}
	if err != nil {
		return fmt.Errorf("let the runner see the requests: %w", err)
	}
	return nil
}

func access(promise string, offers apiextensionsv1.CustomResourceDefinitionSpec) *rbacv1.ClusterRole {
	groups, plural := []string{offers.Group}, offers.Names.Plural
	return &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{
			Name:   rolePrefix + promise,
			Labels: map[string]string{v1alpha1.LabelPromise: promise, LabelAggregate: "true"},
		},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: groups, Resources: []string{plural}, Verbs: []string{"get", "list", "watch", "patch", "delete"}},
			{APIGroups: groups, Resources: []string{plural + "/status"}, Verbs: []string{"update"}},
		},
	}
}

// checkAccess fails until the rights have arrived: a watch without them would try again
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
