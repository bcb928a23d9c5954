// SPDX-License-Identifier: Apache-2.0

package state

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Decode is what a type T has of a run. Fields of a run that have another type are left out:
// the API server and the engine write no others.
func Decode[T any](run *unstructured.Unstructured) T {
	var read T
	_ = runtime.DefaultUnstructuredConverter.FromUnstructured(run.Object, &read)
	return read
}

// Slim takes out of a run's spec and status what a type T does not have.
func Slim[T any](run *unstructured.Unstructured) {
	read := Decode[T](run)
	kept, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&read)
	if err != nil {
		return // it stays as it is
	}
	for _, half := range []string{"spec", "status"} {
		if _, there := run.Object[half]; there {
			run.Object[half] = kept[half]
		}
	}
}

// SlimPod takes out of a Pod what no engine's Observe reads: its spec, which is the longest
// part of it.
func SlimPod(pod *corev1.Pod) { pod.Spec = corev1.PodSpec{} }
