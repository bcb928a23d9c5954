// SPDX-License-Identifier: Apache-2.0

package state

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// SlimPod takes out of a Pod what no engine's Observe reads: its spec, which is the longest
// part of it.
func SlimPod(pod *corev1.Pod) { pod.Spec = corev1.PodSpec{} }

// Slim leaves in a run's spec and status only what Observe reads. That is in a pointer to the
// struct that Observe decodes a run into.
func Slim(run *unstructured.Unstructured, read any) {
	kept, err := runtime.DefaultUnstructuredConverter.ToUnstructured(read)
	if err != nil {
		return // it stays as it is
	}
	for _, half := range []string{"spec", "status"} {
		if _, there := run.Object[half]; there {
			run.Object[half] = kept[half]
		}
	}
}
