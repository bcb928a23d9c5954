// SPDX-License-Identifier: Apache-2.0

// Package jobs_test judges the manifests of kratix-jobs with Kubernetes' own types, and holds its
// rights to what docs/beside-kratix.md promises.
package jobs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/internal/jobs/admission"
)

// objects are all that the kustomization lists; a field that Kubernetes does not know fails.
func objects(t *testing.T) []client.Object {
	t.Helper()
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	var list struct{ Resources []string }
	data, err := os.ReadFile("kustomization.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, &list))
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	assert.ElementsMatch(t, append(list.Resources, "kustomization.yaml"), files)
	var found []client.Object
	for _, file := range list.Resources {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
			object, _, err := decoder.Decode(document, nil, nil)
			require.NoError(t, err, file)
			found = append(found, object.(client.Object))
		}
	}
	return found
}

// one is the only object of a type.
func one[T client.Object](t *testing.T) T {
	t.Helper()
	var found []T
	for _, o := range objects(t) {
		if typed, ok := o.(T); ok {
			found = append(found, typed)
		}
	}
	require.Len(t, found, 1)
	return found[0]
}

// TestRights: Kratix's objects are only read, no Pod can be changed, and no Secret read outside the
// own namespace.
func TestRights(t *testing.T) {
	collected := 0
	for _, o := range objects(t) {
		var rules []rbacv1.PolicyRule
		switch r := o.(type) {
		case *rbacv1.ClusterRole:
			rules = r.Rules
			if r.AggregationRule != nil {
				continue
			}
			assert.Equal(t, "true", r.Labels["kratix-compile.io/aggregate-to-jobs"], "without the label it gives no rights")
			collected++
			for _, rule := range rules {
				assert.NotContains(t, rule.Resources, "secrets", r.Name)
			}
		case *rbacv1.Role:
			rules = r.Rules
		}
		for _, rule := range rules {
			for _, word := range slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs) {
				assert.NotContains(t, word, "*", "%s: %v", o.GetName(), rule)
			}
			for _, verb := range []string{"bind", "escalate", "impersonate"} {
				assert.NotContains(t, rule.Verbs, verb, o.GetName())
			}
			for _, resource := range []string{"pods", "promises", "jobs", "namespaces", "serviceaccounts"} {
				if slices.Contains(rule.Resources, resource) {
					assert.Subset(t, []string{"get", "list", "watch"}, rule.Verbs, "%s: %s", o.GetName(), resource)
				}
			}
		}
	}
	assert.Equal(t, 4, collected, "parts of the ClusterRole")
}

// TestWebhook can delay a Job by two seconds, and never stop it.
func TestWebhook(t *testing.T) {
	hooks := one[*admissionregistrationv1.MutatingWebhookConfiguration](t).Webhooks
	require.Len(t, hooks, 1)
	hook := hooks[0]
	assert.Equal(t, admissionregistrationv1.Ignore, *hook.FailurePolicy)
	assert.Equal(t, admissionregistrationv1.SideEffectClassNone, *hook.SideEffects)
	assert.EqualValues(t, 2, *hook.TimeoutSeconds)
	assert.Equal(t, admissionregistrationv1.IfNeededReinvocationPolicy, *hook.ReinvocationPolicy)
	assert.Equal(t, []admissionregistrationv1.OperationType{admissionregistrationv1.Create}, hook.Rules[0].Operations)
	assert.Equal(t, admission.Path, *hook.ClientConfig.Service.Path)
	service := one[*corev1.Service](t)
	assert.Equal(t, service.Name, hook.ClientConfig.Service.Name)
	assert.Equal(t, service.Spec.Ports[0].Port, *hook.ClientConfig.Service.Port)
}

// TestAgreement of the Deployment with the Service and with the PodDisruptionBudget.
func TestAgreement(t *testing.T) {
	pod := one[*appsv1.Deployment](t).Spec.Template
	ports := map[string]int32{}
	for _, port := range pod.Spec.Containers[0].Ports {
		ports[port.Name] = port.ContainerPort
	}
	service := one[*corev1.Service](t)
	for _, port := range service.Spec.Ports {
		assert.Equal(t, ports[port.TargetPort.StrVal], port.Port, port.Name)
	}
	assert.Equal(t, service.Spec.Selector, pod.Labels)
	budget := one[*policyv1.PodDisruptionBudget](t).Spec
	assert.Nil(t, budget.MinAvailable, "one of one could never go")
	assert.Equal(t, pod.Labels, budget.Selector.MatchLabels)
}
