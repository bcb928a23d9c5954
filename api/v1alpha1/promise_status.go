// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PromiseStatus is what became of a Promise. A Pipeline of the Promise may set
// the message and the conditions.
type PromiseStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// Version is that of the label kratix.io/promise-version; empty without it.
	Version string `json:"version,omitempty"`
	// ObservedGeneration is the generation that all requests have been told of.
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Kind and APIVersion, in lower case, are those of requests.
	Kind       string `json:"kind,omitempty"`
	APIVersion string `json:"apiVersion,omitempty"`
	// Status is Available or Unavailable.
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	// Workflows is the number of Pipelines of the workflow that runs or ran last.
	// +optional
	Workflows int64 `json:"workflows"`
	// +optional
	WorkflowsSucceeded int64 `json:"workflowsSucceeded"`
	// +optional
	WorkflowsFailed int64 `json:"workflowsFailed"`
	// RequiredPromises has an entry for each that the spec requires.
	RequiredPromises []RequiredPromiseStatus `json:"requiredPromises,omitempty"`
	// RequiredBy are the Promises that require this one.
	RequiredBy        []RequiredBy `json:"requiredBy,omitempty"`
	LastAvailableTime *metav1.Time `json:"lastAvailableTime,omitempty"`
	// Kratix repeats some of the above, and holds the progress of workflows.
	Kratix *PromiseKratixStatus `json:"kratix,omitempty"`
}

// RequiredPromiseStatus tells in words whether a required Promise is there.
type RequiredPromiseStatus struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	State   string `json:"state,omitempty"`
}

// RequiredBy names a Promise and the version of this one that it requires.
type RequiredBy struct {
	Promise         PromiseSummary `json:"promise,omitempty"`
	RequiredVersion string         `json:"requiredVersion,omitempty"`
}

// PromiseSummary names a version of a Promise.
type PromiseSummary struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

// PromiseKratixStatus is the part of the status that Pipelines may not write.
type PromiseKratixStatus struct {
	Kind    string `json:"kind,omitempty"`
	Version string `json:"version,omitempty"`
	// Versions are all that the Promise has had, the newest last: each of them satisfies Promises
	// that require it. There are 200 at most; a Promise without the label has the version not-set.
	Versions          []string        `json:"versions,omitempty"`
	APIVersion        string          `json:"apiVersion,omitempty"`
	Status            string          `json:"status,omitempty"`
	LastAvailableTime *metav1.Time    `json:"lastAvailableTime,omitempty"`
	Workflows         *WorkflowStatus `json:"workflows,omitempty"`
	Pass              *PassStatus     `json:"pass,omitempty"`
}

// PassStatus is how far the label kratix.io/reconcile-resources has been passed on to requests.
type PassStatus struct {
	// Number grows with every time that somebody puts the label on.
	Number int64 `json:"number,omitempty"`
	// Pending says that there may be requests that have not heard of it.
	Pending bool `json:"pending,omitempty"`
}

// WorkflowStatus is the progress of the workflow that runs or ran last. Unknown
// fields are kept, so that an older runner never forgets what a newer one noted.
//
// +kubebuilder:pruning:PreserveUnknownFields
type WorkflowStatus struct {
	// Action is configure or delete: the workflow that the list is of.
	Action string `json:"action,omitempty"`
	// Hash is that of what the workflow runs for, the label kratix.io/hash of its runs.
	Hash string `json:"hash,omitempty"`
	// Round grows with every start, restart and resumption.
	Round int64 `json:"round,omitempty"`
	// Trigger is the label that is being obeyed.
	Trigger string `json:"trigger,omitempty"`
	// Paused says that the object was paused when last seen.
	Paused bool `json:"paused,omitempty"`
	// Over are runs of earlier rounds that nothing waits for, although their engine has not
	// ended them: their results are safe, or nothing is left of them.
	Over []string `json:"over,omitempty"`
	// Pipelines are in the order in which they run.
	Pipelines []PipelineStatus `json:"pipelines,omitempty"`
	// SuspendedGeneration is the generation in which a Pipeline suspended the workflow.
	SuspendedGeneration                 int64        `json:"suspendedGeneration,omitempty"`
	LastSuccessfulConfigureWorkflowTime *metav1.Time `json:"lastSuccessfulConfigureWorkflowTime,omitempty"`
}

// PipelineStatus is the progress of one Pipeline.
type PipelineStatus struct {
	Name string `json:"name,omitempty"`
	// Phase is Pending, Running, Succeeded, Failed or Suspended.
	Phase string `json:"phase,omitempty"`
	// Reason says in one word for programs what Message says for people.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Run is the name of the engine's object, RunNamespace where it is, and RunUID which of
	// all that had its name. The UID is written when the object has been created.
	Run          string `json:"run,omitempty"`
	RunNamespace string `json:"runNamespace,omitempty"`
	RunUID       string `json:"runUID,omitempty"`
	// NextRetryAt is when a suspended Pipeline runs again, in RFC 3339.
	NextRetryAt string `json:"nextRetryAt,omitempty"`
	// Attempts counts how often the Pipeline has asked to be retried.
	Attempts           int64        `json:"attempts,omitempty"`
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
}
