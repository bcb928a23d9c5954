// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Slim takes out of a run what Observe does not read.
func (Observer) Slim(run *unstructured.Unstructured) {
	r := read(run)
	kept, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&r)
	if err != nil {
		return // it stays as it is
	}
	for _, half := range []string{"spec", "status"} {
		if _, there := run.Object[half]; there {
			run.Object[half] = kept[half]
		}
	}
}
