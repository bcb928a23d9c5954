// SPDX-License-Identifier: Apache-2.0

package caching_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
)

func TestSlimPod(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "run-pod", Labels: map[string]string{"workflows.argoproj.io/workflow": "run"}, Annotations: map[string]string{"workflows.argoproj.io/node-id": "run-1"},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "tekton"}},
		},
		Spec:   corev1.PodSpec{Containers: []corev1.Container{{Name: "step-write"}}},
		Status: corev1.PodStatus{Phase: corev1.PodFailed},
	}
	got, err := caching.Slim()(pod)
	require.NoError(t, err)
	assert.Equal(t, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "run-pod", Labels: map[string]string{"workflows.argoproj.io/workflow": "run"}, Annotations: map[string]string{"workflows.argoproj.io/node-id": "run-1"},
		},
		Status: corev1.PodStatus{Phase: corev1.PodFailed},
	}, got)
}

func TestTextsAreSharedAndNothingElseChanges(t *testing.T) {
	const request = `{"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "one"},
		"spec": {"sizes": ["small", 1, 2.5, true, null], "empty": {}, "none": []}}`
	cached := func() *unstructured.Unstructured {
		read := &unstructured.Unstructured{}
		require.NoError(t, read.UnmarshalJSON([]byte(request)))
		want := read.DeepCopy()
		got, err := caching.Slim()(read)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		return read
	}
	texts := func(o *unstructured.Unstructured) (key, value *byte) {
		for k := range o.Object["spec"].(map[string]any) {
			if k == "sizes" {
				key = unsafe.StringData(k)
			}
		}
		return key, unsafe.StringData(o.GetKind())
	}
	key, value := texts(cached())
	again, other := texts(cached())
	assert.Same(t, key, again)
	assert.Same(t, value, other)
}
