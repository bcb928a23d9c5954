// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kratix-compile/kratix-compile/e2e/deployed"
)

const jobsChart = "../../deploy/chart/kratix-jobs"

func jobsTemplate(t *testing.T, args ...string) map[string]*unstructured.Unstructured {
	t.Helper()
	return render(t, "helm", append([]string{"template", "kratix-jobs", jobsChart, "--namespace", deployed.Namespace}, args...)...)
}

// TestJobsChartIsTheKustomization, and has a hook besides.
func TestJobsChartIsTheKustomization(t *testing.T) {
	const hook = "Job kratix-platform-system/kratix-jobs-drain"
	for folder, admission := range map[string]string{"jobs": "webhook", "overlays/jobs-policy": "policy"} {
		kustomized, charted := render(t, "kustomize", "build", "../../deploy/"+folder), jobsTemplate(t, "--set", "admission="+admission)
		require.Contains(t, charted, hook)
		assert.Equal(t, "pre-delete", charted[hook].GetAnnotations()["helm.sh/hook"])
		delete(charted, hook)
		assert.Equal(t, slices.Sorted(maps.Keys(kustomized)), slices.Sorted(maps.Keys(charted)))
		for name, o := range kustomized {
			assert.Equal(t, plain(t, o), plain(t, charted[name]), name)
		}
	}
}

// TestJobsPolicy has what values say, and is of the version that the cluster has.
func TestJobsPolicy(t *testing.T) {
	const policy = "MutatingAdmissionPolicy /kratix-jobs"
	beta := "admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy"
	rendered := jobsTemplate(t, "--values", "testdata/jobs-every-value.yaml", "--set", "admission=policy", "--api-versions", beta)
	assert.NotContains(t, rendered, "MutatingWebhookConfiguration /kratix-jobs")
	text := plain(t, rendered[policy])
	for _, want := range []string{`in ["system:serviceaccount:other:kratix","system:serviceaccount:more:kratix"]`, "kratix.io/promise-name: redis", "team: data", `["argo"]`, `'"none"'`, "/v1beta1"} {
		assert.Contains(t, text, want)
	}
	other := render(t, "helm", "template", "kratix-jobs", jobsChart, "--namespace", "elsewhere", "--set", "admission=policy")
	assert.Contains(t, plain(t, other[policy]), "system:serviceaccount:kratix-platform-system:", "where kratix-jobs is says nothing of Kratix")
	assert.Contains(t, plain(t, other["MutatingAdmissionPolicyBinding /kratix-jobs"]), "namespace: elsewhere")
}

// TestJobsEveryValue changes something, and Kubernetes knows every field that comes of it.
func TestJobsEveryValue(t *testing.T) {
	const every = "testdata/jobs-every-value.yaml"
	assert.Equal(t, values(t, jobsChart+"/values.yaml"), values(t, every))
	rendered := jobsTemplate(t, "--values", every)
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	for name, o := range rendered {
		data, err := o.MarshalJSON()
		require.NoError(t, err)
		_, _, err = decoder.Decode(data, nil, nil)
		assert.NoError(t, err, name)
	}
	deployment := plain(t, rendered["Deployment kratix-platform-system/kratix-jobs"])
	for _, text := range []string{
		"replicas: 3", "image: registry.example/kratix-jobs:v9.9.9", "imagePullPolicy: Always", "- name: registry", "- --engine=none", "- --engines=argo",
		"- --kratix-accounts=system:serviceaccount:other:kratix,system:serviceaccount:more:kratix", "- --max-runs=1000000", "memory: 1Gi",
		"example.org/scrape: \"true\"", "team: platform", "priorityClassName: system-cluster-critical", "pool: system", "operator: Exists", "nodeAffinity: {}",
	} {
		assert.Contains(t, deployment, text)
	}
	hook := plain(t, rendered["MutatingWebhookConfiguration /kratix-jobs"])
	assert.Contains(t, hook, "kratix.io/promise-name: redis")
	assert.Contains(t, hook, "key: kratix.io/workflow-action")
	assert.Contains(t, hook, "team: data")
	assert.Contains(t, plain(t, rendered["ClusterRole /kratix-jobs:objects"]), "- redises")
	assert.Contains(t, plain(t, rendered["NetworkPolicy kratix-platform-system/kratix-jobs"]), "port: 6444")
	assert.Contains(t, plain(t, rendered["ServiceAccount kratix-platform-system/kratix-jobs"]), "example.org/team: platform")
	assert.Contains(t, plain(t, rendered["Job kratix-platform-system/kratix-jobs-drain"]), "- --timeout=10m")
	for _, gone := range []string{"PodDisruptionBudget kratix-platform-system/kratix-jobs", "ClusterRole /kratix-jobs:tekton"} {
		assert.Contains(t, jobsTemplate(t), gone)
		assert.NotContains(t, rendered, gone)
	}
}

// TestJobsValuesAreChecked by the chart's schema.
func TestJobsValuesAreChecked(t *testing.T) {
	for value, complaint := range map[string]string{
		"replica=3":         "'replica' not allowed",
		"flags.engine=argo": "'engine' not allowed",
		"admission=none":    "value must be one of 'webhook', 'policy'",
		"engine=jenkins":    "value must be one of '', 'tekton', 'argo', 'none'",
		"objects[0].apiGroups={*},objects[0].resources={pods}": "does not match pattern",
	} {
		_, err := deployed.Tool(t.Context(), "helm", "template", "kratix-jobs", jobsChart, "--set", value)
		assert.ErrorContains(t, err, complaint, value)
	}
}
