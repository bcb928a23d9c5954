// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Labels of what belongs to a Promise, a request or a Pipeline of theirs.
const (
	LabelPromise           = "kratix.io/promise-name"
	LabelResource          = "kratix.io/resource-name"
	LabelResourceNamespace = "kratix.io/resource-namespace"
	LabelPipeline          = "kratix.io/pipeline-name"
	// LabelWorkType on a Work is promise, resource or static-dependency.
	LabelWorkType = "kratix.io/work-type"
	LabelDryRun   = "kratix.io/dry-run"
	// LabelWork on a WorkPlacement is the Work that it is of.
	LabelWork = "kratix.io/work"
)

// AnnotationTrace begins the annotations that hold a trace together.
const AnnotationTrace = "kratix.io/trace-"
