// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Destination is a place in a State Store that a GitOps agent reads from.
// Promises and Pipelines choose it by its labels.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories=kratix,shortName=dest;dests
// +kubebuilder:printcolumn:JSONPath=".spec.stateStoreRef.kind",name="StateStoreKind",type=string,description="Kind of the State Store"
// +kubebuilder:printcolumn:JSONPath=".spec.stateStoreRef.name",name="StateStoreName",type=string,description="Name of the State Store"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Ready")].status`,name="Ready",type=string,description="Whether files can be written"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Ready")].message`,name="Message",type=string,description="Why they cannot"
// +kubebuilder:printcolumn:JSONPath=".spec.path",name="Path",type=string,priority=1,description="Path below that of the State Store"
// +kubebuilder:printcolumn:JSONPath=".metadata.creationTimestamp",name="Age",type=date
type Destination struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   DestinationSpec   `json:"spec,omitempty"`
	Status DestinationStatus `json:"status,omitempty"`
}

// DestinationList is a list of Destinations.
//
// +kubebuilder:object:root=true
type DestinationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Destination `json:"items"`
}

// DestinationSpec says where files go and how they are laid out.
type DestinationSpec struct {
	// Path is below the path of the State Store; . and / are that path itself.
	Path string `json:"path"`
	// StateStoreRef names the State Store.
	StateStoreRef *StateStoreReference `json:"stateStoreRef,omitempty"`
	// StrictMatchLabels keeps out what selects no labels at all, unless the
	// Destination has none either.
	StrictMatchLabels bool `json:"strictMatchLabels,omitempty"`
	// Filepath is the layout of the files.
	// +kubebuilder:default={mode: nestedByMetadata}
	Filepath Filepath `json:"filepath,omitempty"`
	// Cleanup says what becomes of the files when the Destination is deleted:
	// none keeps them, all removes them.
	// +kubebuilder:validation:Enum=none;all
	// +kubebuilder:default=none
	Cleanup string `json:"cleanup,omitempty"`
	// InitWorkloads are two manifests that show that the Destination is read.
	// +kubebuilder:default={}
	InitWorkloads InitWorkloads `json:"initWorkloads,omitempty"`
}

// The layouts of files in a Destination.
const (
	FilepathNested     = "nestedByMetadata"
	FilepathAggregated = "aggregatedYAML"
	FilepathNone       = "none"
)

// Filepath is how files are laid out below a Destination's path.
type Filepath struct {
	// Mode is nestedByMetadata, a directory for each Work; aggregatedYAML, one
	// file for everything; or none, every file at the path it was written to.
	// +kubebuilder:validation:Enum=nestedByMetadata;aggregatedYAML;none
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="filepath.mode is immutable"
	Mode string `json:"mode,omitempty"`
	// Filename is the one file of aggregatedYAML; aggregated.yaml if empty.
	Filename string `json:"filename,omitempty"`
}

// The values of a Destination's cleanup.
const (
	CleanupNone = "none"
	CleanupAll  = "all"
)

// StateStoreReference names a State Store.
type StateStoreReference struct {
	// +kubebuilder:validation:Enum=BucketStateStore;GitStateStore
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// InitWorkloads switches the first manifests of a Destination on or off.
type InitWorkloads struct {
	// +kubebuilder:default=true
	Enabled *bool `json:"enabled,omitempty"`
}

// DestinationStatus tells whether files can be written.
type DestinationStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
