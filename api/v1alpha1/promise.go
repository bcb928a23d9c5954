// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Promise offers an API and says, in workflows, what happens when the Promise
// itself or a request for it is configured or deleted.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories=kratix
// +kubebuilder:printcolumn:JSONPath=".status.status",name="Status",type=string
// +kubebuilder:printcolumn:JSONPath=".status.kind",name="Kind",type=string
// +kubebuilder:printcolumn:JSONPath=".status.apiVersion",name="API Version",type=string
// +kubebuilder:printcolumn:JSONPath=".status.version",name="Version",type=string
// +kubebuilder:printcolumn:JSONPath=".status.message",name="Message",type=string
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Reconciled")].reason`,name="Reason",type=string,description="How far its own workflow is, in a word"
// +kubebuilder:printcolumn:JSONPath=".status.kratix.workflows.pipelines[?(@.message)].message",name="Cause",type=string,description="What its Pipeline waits for or why it failed"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Reconciled")].message`,name="Reconciled",type=string,priority=1,description="What keeps the Promise itself back"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="WorksSucceeded")].message`,name="Works",type=string,priority=1,description="Whether its files are written"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="RequirementsFulfilled")].message`,name="Requirements",type=string,priority=1,description="Whether the Promises it needs are there"
// +kubebuilder:printcolumn:JSONPath=".metadata.creationTimestamp",name="Age",type=date
type Promise struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   PromiseSpec   `json:"spec,omitempty"`
	Status PromiseStatus `json:"status,omitempty"`
}

// PromiseList is a list of Promises.
//
// +kubebuilder:object:root=true
type PromiseList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Promise `json:"items"`
}

// PromiseSpec is the part of a Promise that its author writes.
type PromiseSpec struct {
	// API is one CustomResourceDefinition. Absent, null and {} mean no API.
	// +kubebuilder:pruning:PreserveUnknownFields
	API       *runtime.RawExtension `json:"api,omitempty"`
	Workflows Workflows             `json:"workflows,omitempty"`
	// RequiredPromises must be available before requests are worked on.
	RequiredPromises []RequiredPromise `json:"requiredPromises,omitempty"`
	// Dependencies are manifests that every matching Destination gets.
	// +kubebuilder:pruning:PreserveUnknownFields
	Dependencies []runtime.RawExtension `json:"dependencies,omitempty"`
	// DestinationSelectors are squashed to one map; the first entry wins per key.
	DestinationSelectors []PromiseScheduling `json:"destinationSelectors,omitempty"`
}

// Workflows holds the four lists of Pipelines and what they share.
type Workflows struct {
	Config   WorkflowsConfig   `json:"config,omitempty"`
	Promise  WorkflowPipelines `json:"promise,omitempty"`
	Resource WorkflowPipelines `json:"resource,omitempty"`
}

// WorkflowsConfig applies to all workflows of a Promise.
type WorkflowsConfig struct {
	// PipelineNamespace is where every Pipeline runs. It must exist already.
	PipelineNamespace string `json:"pipelineNamespace,omitempty"`
	// ReconciliationInterval repeats workflows; at least one minute.
	ReconciliationInterval *metav1.Duration `json:"reconciliationInterval,omitempty"`
}

// WorkflowPipelines are kept raw: the API server stores what it does not know,
// and the compiler decodes strictly, with positions (translate/parse).
type WorkflowPipelines struct {
	// +kubebuilder:pruning:PreserveUnknownFields
	Configure []runtime.RawExtension `json:"configure,omitempty"`
	// +kubebuilder:pruning:PreserveUnknownFields
	Delete []runtime.RawExtension `json:"delete,omitempty"`
}

// RequiredPromise names another Promise; an empty version means any.
type RequiredPromise struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

// PromiseScheduling selects Destinations by label.
type PromiseScheduling struct {
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
}
