// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// WorkPlacement is a group of a Work's files and the Destination they go to.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=kratix,shortName=wp;wps
// +kubebuilder:printcolumn:JSONPath=".spec.targetDestinationName",name="DESTINATION",type=string,description="Destination that the files go to"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Ready")].message`,name="STATUS",type=string,description="How far the files have come"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="WriteSucceeded")].message`,name="MESSAGE",type=string,description="What the State Store has answered"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="ScheduleSucceeded")].message`,name="SCHEDULING",type=string,priority=1,description="What it waits for before it is written"
// +kubebuilder:printcolumn:JSONPath=".status.versionID",name="VERSION",type=string,priority=1,description="Commit, or digest of the objects, that has the files"
// +kubebuilder:printcolumn:JSONPath=".metadata.creationTimestamp",name="AGE",type=date
type WorkPlacement struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   WorkPlacementSpec   `json:"spec,omitempty"`
	Status WorkPlacementStatus `json:"status,omitempty"`
}

// WorkPlacementList is a list of WorkPlacements.
//
// +kubebuilder:object:root=true
type WorkPlacementList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []WorkPlacement `json:"items"`
}

// WorkPlacementSpec is one group of a Work for one Destination.
type WorkPlacementSpec struct {
	TargetDestinationName string     `json:"targetDestinationName,omitempty"`
	Workloads             []Workload `json:"workloads,omitempty"`
	PromiseName           string     `json:"promiseName,omitempty"`
	ResourceName          string     `json:"resourceName,omitempty"`
	// ID is that of the group.
	ID string `json:"id,omitempty"`
	// WorkGeneration is the generation of the Work that the files are of.
	WorkGeneration int64 `json:"generation,omitempty"`
	// Bundle is that of the Work. Of its files only those belong here that are
	// listed as workloads.
	Bundle *Bundle `json:"bundle,omitempty"`
}

// WorkPlacementStatus tells whether the files have been written.
type WorkPlacementStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// VersionID is the version of the State Store that the files were written in,
	// such as a commit.
	VersionID string `json:"versionID,omitempty"`
	// WrittenGeneration is the generation of the WorkPlacement whose files were written
	// last. Kratix does not know it, and its conditions have no generation.
	WrittenGeneration int64 `json:"writtenGeneration,omitempty"`
}
