// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// TestRunnerRights asks the API server what the runner may do. That it needs no more, all
// the tests of the runner show: it has an account with the rights of deploy/rbac.
func TestRunnerRights(t *testing.T) {
	installed := installRunner(t)
	r := startRunner(t, installed, engines[0], "--leader-elect")
	in := newInstall(t, engines[0], r)
	in.offer(t, twoPipelines)
	lease, err := shared.Typed.CoordinationV1().Leases(runner.SystemNamespace).Get(t.Context(), "kratix-runner", metav1.GetOptions{})
	require.NoError(t, err)
	assert.NotEmpty(t, *lease.Spec.HolderIdentity, "it leads")

	role, err := shared.Typed.RbacV1().ClusterRoles().Get(t.Context(), runner.Account, metav1.GetOptions{})
	require.NoError(t, err)
	for _, rule := range role.Rules {
		for _, words := range [][]string{rule.APIGroups, rule.Resources, rule.Verbs} {
			assert.NotContains(t, words, "*", "%v", rule)
		}
	}
	for _, may := range []authorizationv1.ResourceAttributes{
		{Verb: "watch", Group: in.group, Resource: "things"},
		{Verb: "update", Group: in.group, Resource: "things", Subresource: "status", Namespace: in.namespace, Name: "one"},
		{Verb: "list", Resource: "secrets", Namespace: runner.SystemNamespace},
	} {
		assert.True(t, allowed(t, may), "%v", may)
	}
	for _, mayNot := range []authorizationv1.ResourceAttributes{
		{Verb: "create", Group: in.group, Resource: "things", Namespace: in.namespace},
		{Verb: "update", Group: in.group, Resource: "things", Namespace: in.namespace, Name: "one"},
		{Verb: "get", Group: "else." + in.group, Resource: "things", Namespace: in.namespace, Name: "one"},
		{Verb: "get", Resource: "secrets", Namespace: in.namespace, Name: "login"},
		{Verb: "list", Resource: "secrets"},
		{Verb: "update", Resource: "secrets", Namespace: runner.SystemNamespace, Name: "of-somebody-else"},
		{Verb: "get", Resource: "configmaps", Namespace: in.namespace, Name: "of-somebody-else"},
		{Verb: "list", Resource: "configmaps", Namespace: in.namespace},
		{Verb: "create", Resource: "pods", Namespace: in.namespace},
		{Verb: "create", Resource: "pods", Subresource: "exec", Namespace: in.namespace, Name: "one"},
		{Verb: "create", Resource: "serviceaccounts", Subresource: "token", Namespace: in.namespace, Name: "default"},
		{Verb: "impersonate", Resource: "users", Name: "admin"},
		{Verb: "create", Group: "platform.kratix.io", Resource: "promises"},
		{Verb: "delete", Group: "platform.kratix.io", Resource: "promises", Name: in.namespace},
		{Verb: "update", Group: "admissionregistration.k8s.io", Resource: "validatingwebhookconfigurations", Name: "of-somebody-else"},
	} {
		assert.False(t, allowed(t, mayNot), "%v", mayNot)
	}

	in.withdraw(t)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.False(c, allowed(t, authorizationv1.ResourceAttributes{Verb: "watch", Group: in.group, Resource: "things"}), "the rights go with the Promise")
	}, limit, 100*time.Millisecond)
}

func allowed(t *testing.T, what authorizationv1.ResourceAttributes) bool {
	t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: fmt.Sprintf("system:serviceaccount:%s:%s", runner.SystemNamespace, runner.Account), ResourceAttributes: &what,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + runner.SystemNamespace, "system:authenticated"},
	}}
	review, err := shared.Typed.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{})
	require.NoError(t, err)
	return review.Status.Allowed
}

// TestPermissionsBeyondTheRunners: a Pipeline may be granted what the runner has not.
func TestPermissionsBeyondTheRunners(t *testing.T) {
	installed := installRunner(t)
	in := newInstall(t, engines[0], startRunner(t, installed, engines[0]))
	in.offer(t, promiseHead+`
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: only}
          spec:
            rbac:
              permissions:
                - {apiGroups: [""], resources: [secrets], verbs: [get]}
                - {resourceNamespace: "*", apiGroups: ["*"], resources: ["*"], verbs: [list]}
            containers: [{name: a, image: BUSYBOX, command: ["true"]}]
`)
	in.ask(t, in.namespace, "one", "size: small")
	in.await(t, in.namespace, "one", completed)
	in.withdraw(t)
	_, err := shared.Typed.RbacV1().ClusterRoles().Get(t.Context(), "kratix-runner:promise:"+in.namespace, metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err))
}
