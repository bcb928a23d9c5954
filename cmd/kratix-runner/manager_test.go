// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
)

// TestOwnPromises: the cache holds only the Promises that this runner is for.
func TestOwnPromises(t *testing.T) {
	for selector, want := range map[string][]bool{"": {true, true}, "runner=yes": {true, false}, "runner!=yes": {false, true}} {
		options, err := cacheOptions(&settings{promises: selector})
		require.NoError(t, err)
		for o, by := range options.ByObject {
			if _, ok := o.(*v1alpha1.Promise); ok {
				assert.Equal(t, want, []bool{by.Label.Matches(labels.Set{"runner": "yes"}), by.Label.Matches(labels.Set{})}, selector)
			}
		}
	}
	_, err := cacheOptions(&settings{promises: "runner=yes="})
	assert.ErrorContains(t, err, "--promises: ")
}

// TestCacheDoesNotWait for a kind that is not listed.
func TestCacheDoesNotWait(t *testing.T) {
	options, err := managerOptions(&settings{})
	require.NoError(t, err)
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Pod"), meta.RESTScopeNamespace)
	c, err := options.NewCache(&rest.Config{}, cache.Options{Scheme: options.Scheme, Mapper: mapper, HTTPClient: http.DefaultClient})
	require.NoError(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	unlisted := &caching.Unlisted{}
	assert.ErrorAs(t, c.List(ended, &corev1.PodList{}), &unlisted)
}

func TestSlimPod(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "run-pod", Labels: map[string]string{"workflows.argoproj.io/workflow": "run"}, Annotations: map[string]string{"workflows.argoproj.io/node-id": "run-1"},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "tekton"}},
		},
		Spec:   corev1.PodSpec{Containers: []corev1.Container{{Name: "step-write"}}},
		Status: corev1.PodStatus{Phase: corev1.PodFailed},
	}
	got, err := slim()(pod)
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
		got, err := slim()(read)
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
