// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/work"
)

// Finalizers of Kratix (docs/kratix-contract.md, Appendix A).
const (
	finalizerWorkflows    = "kratix.io/workflows-cleanup"
	finalizerDependencies = "kratix.io/dependencies-cleanup"
	finalizerRequests     = "kratix.io/resource-request-cleanup"
	finalizerDependants   = "kratix.io/dynamic-controller-dependant-resources-cleanup"
	finalizerAPI          = "kratix.io/api-crd-cleanup"
)

var (
	finalizersRequest = []string{v1alpha1.FinalizerDeleteWorkflows, work.Finalizer, finalizerWorkflows}
	finalizersAlways  = []string{finalizerWorkflows, finalizerDependencies}            // of a Promise
	finalizersAPI     = []string{finalizerRequests, finalizerDependants, finalizerAPI} // of a Promise with an API
)

// finalizersKratix are on objects that Kratix has worked on before. They stand for things that
// the runner does not make, and so the runner only takes them off.
var finalizersKratix = []string{"kratix.io/resource-binding-cleanup", "kratix.io/revision-cleanup"}

// finalizers are a Promise's, in the order of docs/kratix-contract.md 6.13.
func finalizers(o *object) []string {
	all := slices.Clone(finalizersAlways)
	if raw, ok, _ := unstructured.NestedMap(o.Object, "spec", "api"); ok && len(raw) > 0 {
		all = append(all, finalizersAPI...)
	}
	if pipelines, _, _ := unstructured.NestedSlice(o.Object, "spec", "workflows", "promise", "delete"); len(pipelines) > 0 {
		all = append(all, v1alpha1.FinalizerDeleteWorkflows)
	}
	return all
}

func has(o *object, finalizer string) bool { return slices.Contains(o.GetFinalizers(), finalizer) }
