// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// Slim takes out of a run what Observe does not read.
func (Observer) Slim(run *unstructured.Unstructured) {
	r := read(run)
	state.Slim(run, &r)
}
