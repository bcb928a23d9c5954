// SPDX-License-Identifier: Apache-2.0

// Package controller owns Promises and the requests for what they offer: it runs their
// workflows on an engine, one Pipeline after the other, and keeps their status.
package controller

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// Keys of Kratix (docs/kratix-contract.md, Appendix A).
const (
	annotationInterval = "kratix.io/reconciliation-interval"

	finalizerWorks        = "kratix.io/work-cleanup"
	finalizerWorkflows    = "kratix.io/workflows-cleanup"
	finalizerDependencies = "kratix.io/dependencies-cleanup"
	finalizerRequests     = "kratix.io/resource-request-cleanup"
	finalizerDependants   = "kratix.io/dynamic-controller-dependant-resources-cleanup"
	finalizerAPI          = "kratix.io/api-crd-cleanup"
)

// finalizersKratix are on objects that Kratix has worked on before. They stand for things that
// the runner does not make, and so the runner only takes them off.
var finalizersKratix = []string{"kratix.io/resource-binding-cleanup", "kratix.io/revision-cleanup"}

// AnnotationEngine chooses the engine for the Pipelines of a Promise, or of a namespace.
const AnnotationEngine = "kratix-compile.io/engine"

// Settings are the annotations of a Promise that say how its workflows run, beside its spec.
var Settings = []string{annotationInterval, AnnotationEngine}

var promiseKind = schema.GroupVersionKind{Group: v1alpha1.Group, Version: v1alpha1.Version, Kind: v1alpha1.KindPromise}
