// SPDX-License-Identifier: Apache-2.0

// Package rbac_test holds the runner's rights to what docs/security.md promises.
package rbac_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// role is a Role or a ClusterRole.
type role struct {
	rbacv1.ClusterRole
	file string
}

func roles(t *testing.T) []role {
	t.Helper()
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	var found []role
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
		for {
			r := role{file: file}
			err := decoder.Decode(&r.ClusterRole)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, file)
			if r.Kind == "Role" || r.Kind == "ClusterRole" {
				found = append(found, r)
			}
		}
	}
	require.NotEmpty(t, found)
	return found
}

func TestNoWildcard(t *testing.T) {
	for _, r := range roles(t) {
		for _, rule := range r.Rules {
			for _, word := range slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs, rule.ResourceNames, rule.NonResourceURLs) {
				assert.NotContains(t, word, "*", "%s: %v", r.file, rule)
			}
			assert.NotEmpty(t, rule.Verbs, r.file)
		}
	}
}

// TestEveryPartIsCollected: a part without the label would give no rights to anybody.
func TestEveryPartIsCollected(t *testing.T) {
	all := roles(t)
	i := slices.IndexFunc(all, func(r role) bool { return r.AggregationRule != nil })
	require.GreaterOrEqual(t, i, 0)
	for _, r := range all {
		if r.Kind == "ClusterRole" && r.AggregationRule == nil {
			for key, value := range all[i].AggregationRule.ClusterRoleSelectors[0].MatchLabels {
				assert.Equal(t, value, r.Labels[key], r.Name)
			}
		}
	}
}

// TestSecretsStayInTheirNamespace, and what only one place may be asked for.
func TestSecretsStayInTheirNamespace(t *testing.T) {
	for _, r := range roles(t) {
		for _, rule := range r.Rules {
			if r.Kind == "ClusterRole" {
				assert.NotContains(t, rule.Resources, "secrets", r.Name)
				assert.NotContains(t, rule.Resources, "pods/exec", r.Name)
				assert.NotContains(t, rule.Verbs, "impersonate", r.Name)
			}
			if slices.Contains(rule.Verbs, "escalate") {
				assert.ElementsMatch(t, []string{"roles", "clusterroles"}, rule.Resources, r.Name)
			}
		}
	}
}

// TestOptionalPartsAreOptional: without the files that kustomization.yaml lets people leave out, the
// runner can still do its own work. It reads APIs and Works past its cache.
func TestOptionalPartsAreOptional(t *testing.T) {
	may := map[string][]string{}
	for _, r := range roles(t) {
		if r.Kind != "ClusterRole" || slices.Contains([]string{"admission.yaml", "tekton.yaml", "argo.yaml"}, r.file) {
			continue
		}
		for _, rule := range r.Rules {
			for _, resource := range rule.Resources {
				may[resource] = append(may[resource], rule.Verbs...)
			}
		}
	}
	for _, resource := range []string{"customresourcedefinitions", "promises", "works", "workplacements"} {
		assert.Contains(t, may[resource], "get", resource)
		assert.Contains(t, may[resource], "list", resource)
	}
}
