// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/kratix-compile/kratix-compile/translate/plan"
)

func TestExecutorAccess(t *testing.T) {
	objects := executorAccess(plan.Run{ServiceAccount: "robot", AccountLabels: map[string]string{"a": "b"}, Namespace: "team-a"})
	require.Len(t, objects, 2)
	role, binding := objects[0].(*rbacv1.Role), objects[1].(*rbacv1.RoleBinding)
	assert.Equal(t, "robot-argo", role.Name)
	assert.Equal(t, map[string]string{"a": "b"}, role.Labels, "as the account")
	assert.Equal(t, []rbacv1.PolicyRule{{
		APIGroups: []string{"argoproj.io"}, Resources: []string{"workflowtaskresults"},
		Verbs: []string{"create", "patch"},
	}}, role.Rules)
	assert.Equal(t, role.Name, binding.RoleRef.Name)
	assert.Equal(t, []rbacv1.Subject{{Kind: "ServiceAccount", Name: "robot", Namespace: "team-a"}}, binding.Subjects)
}

func TestAccessName(t *testing.T) {
	long := strings.Repeat("x", 62)
	assert.LessOrEqual(t, len(accessName(long+"a")), 63)
	assert.NotEqual(t, accessName(long+"a"), accessName(long+"b"))
	assert.Equal(t, "default-argo", accessName("default"))
}
