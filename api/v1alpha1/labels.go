// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Labels of what belongs to a Promise, a request or a Pipeline of theirs.
const (
	LabelPromise           = "kratix.io/promise-name"
	LabelPromiseVersion    = "kratix.io/promise-version"
	LabelResource          = "kratix.io/resource-name"
	LabelResourceNamespace = "kratix.io/resource-namespace"
	LabelPipeline          = "kratix.io/pipeline-name"
	// LabelWorkflowType on a run is promise or resource, and LabelWorkflowAction configure
	// or delete.
	LabelWorkflowType   = "kratix.io/workflow-type"
	LabelWorkflowAction = "kratix.io/workflow-action"
	// LabelWorkType on a Work is promise, resource or WorkStatic.
	LabelWorkType = "kratix.io/work-type"
	LabelDryRun   = "kratix.io/dry-run"
	// LabelWork on a WorkPlacement is the Work that it is of.
	LabelWork = "kratix.io/work"
)

// WorkStatic is the type of the Work with a Promise's dependencies.
const WorkStatic = "static-dependency"

const (
	// AnnotationObject begins the annotations of a run that tell its object: namespace,
	// name, kind and api-version.
	AnnotationObject = "kratix.io/job-resource-"
	// AnnotationObjectNamespace is the first of them.
	AnnotationObjectNamespace = AnnotationObject + "namespace"
	// AnnotationTrace begins the annotations that hold a trace together.
	AnnotationTrace = "kratix.io/trace-"
	// AnnotationInterval on a Promise overrides the interval of its spec, after which its workflows
	// run again.
	AnnotationInterval = "kratix.io/reconciliation-interval"
)

// FinalizerDeleteWorkflows keeps an object until its delete workflow is done.
const FinalizerDeleteWorkflows = "kratix.io/delete-workflows"
