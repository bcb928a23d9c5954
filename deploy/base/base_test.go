// SPDX-License-Identifier: Apache-2.0

// Package base_test judges the manifests with Kubernetes' own types.
package base_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// TestManifests finds fields that Kubernetes does not know, or that have another type.
func TestManifests(t *testing.T) {
	found := 0
	for _, pattern := range []string{"*.yaml", "../rbac/*.yaml", "../crds/*.yaml", "../webhook/*.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			if filepath.Base(file) != "kustomization.yaml" {
				found += len(objects(t, file))
			}
		}
	}
	assert.Equal(t, 23, found, "objects of deploy/base")
}

func objects(t *testing.T, file string) []runtime.Object {
	t.Helper()
	types := runtime.NewScheme()
	require.NoError(t, scheme.AddToScheme(types))
	require.NoError(t, apiextensionsv1.AddToScheme(types))
	decoder := serializer.NewCodecFactory(types, serializer.EnableStrict).UniversalDeserializer()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var found []runtime.Object
	for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
		object, _, err := decoder.Decode(document, nil, nil)
		require.NoError(t, err, file)
		found = append(found, object)
	}
	return found
}

// TestDrains: a node can be drained, however many replicas there are.
func TestDrains(t *testing.T) {
	budget := objects(t, "disruption.yaml")[0].(*policyv1.PodDisruptionBudget).Spec
	assert.Nil(t, budget.MinAvailable, "one of one could never go")
	require.NotNil(t, budget.MaxUnavailable)
	assert.Equal(t, 1, budget.MaxUnavailable.IntValue())
	pod := objects(t, "deployment.yaml")[0].(*appsv1.Deployment).Spec.Template
	assert.Subset(t, pod.Labels, budget.Selector.MatchLabels)
}

// TestAgreement of the Deployment with what the program has by default, and with the Service.
func TestAgreement(t *testing.T) {
	pod := objects(t, "deployment.yaml")[0].(*appsv1.Deployment).Spec.Template
	runner := pod.Spec.Containers[0]
	assert.Contains(t, runner.Args, "--harvest-image="+plan.Defaults().Harvest.Image)
	_, harvest, _ := strings.Cut(plan.Defaults().Harvest.Image, ":")
	_, own, _ := strings.Cut(runner.Image, ":")
	assert.Equal(t, harvest, own, "both images are of one release")

	ports := map[string]int32{}
	for _, port := range runner.Ports {
		ports[port.Name] = port.ContainerPort
	}
	service := objects(t, "service.yaml")[0].(*corev1.Service)
	for _, port := range service.Spec.Ports {
		assert.Equal(t, ports[port.TargetPort.StrVal], port.Port, port.Name)
	}
	assert.Equal(t, service.Spec.Selector, pod.Labels)
	assert.Equal(t, "https://"+service.Name+"."+service.Namespace+".svc:9443", plan.Defaults().Harvest.Endpoint)
}
