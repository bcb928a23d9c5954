// SPDX-License-Identifier: Apache-2.0

package state

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Slim leaves of a run's spec and status what was read of it: a pointer to the struct that
// an engine's Observe reads.
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
