// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Work is what one Pipeline wrote, for one Promise or one request, and which
// Destinations it is meant for.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=kratix
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Ready")].message`,name="STATUS",type=string,description="How far the files have come"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="ScheduleSucceeded")].message`,name="MESSAGE",type=string,description="What keeps the files back"
// +kubebuilder:printcolumn:JSONPath=".metadata.creationTimestamp",name="AGE",type=date
type Work struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   WorkSpec   `json:"spec,omitempty"`
	Status WorkStatus `json:"status,omitempty"`
}

// WorkList is a list of Works.
//
// +kubebuilder:object:root=true
type WorkList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Work `json:"items"`
}

// WorkSpec is the output of a Pipeline in groups that are scheduled on their own.
type WorkSpec struct {
	PromiseName string `json:"promiseName,omitempty"`
	// ResourceName is empty for what is written for the Promise itself, which goes
	// to all matching Destinations. What a request gets goes to one.
	ResourceName string `json:"resourceName,omitempty"`
	// LastExecutionTimestamp is when the Pipeline last changed the Work.
	LastExecutionTimestamp *metav1.Time    `json:"lastExecutionTimestamp,omitempty"`
	WorkloadGroups         []WorkloadGroup `json:"workloadGroups,omitempty"`
	// Bundle is set when the files are too large for the Work.
	Bundle *Bundle `json:"bundle,omitempty"`
}

// Bundle is where the content of files is kept that are too large for an API
// object. Kratix does not know it. All workloads beside it have their file path
// and no content at all, not even that of an empty file. A scheduler that does
// not know bundles copies them as they are, and what writes to a State Store
// fails to decode them before it has touched a file: the old files stay.
type Bundle struct {
	// Name is that of the record in the namespace of the runner. A record is kept
	// as long as a Work or a WorkPlacement names it.
	Name string `json:"name"`
	// SHA256 is the digest of the bundle in hexadecimal. Readers must check it:
	// it is also what proves that whoever wrote the reference has seen the bundle.
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	SHA256 string `json:"sha256"`
	// Size is the length of the bundle in bytes.
	// +kubebuilder:validation:Minimum=0
	Size int64 `json:"size"`
}

// DefaultDirectory is the directory of the group of all files that are in no
// other group.
const DefaultDirectory = "."

// WorkloadGroup are files that go to the same Destinations.
type WorkloadGroup struct {
	// Directory is below /kratix/output, or . for the files of no other group.
	Directory string `json:"directory,omitempty"`
	// ID is the MD5 of the directory in hexadecimal.
	ID                   string                    `json:"id,omitempty"`
	DestinationSelectors []WorkloadGroupScheduling `json:"destinationSelectors,omitempty"`
	Workloads            []Workload                `json:"workloads,omitempty"`
}

// The sources of selectors; the earlier one wins where two set the same key.
const (
	SourcePromise          = "promise"
	SourcePromiseWorkflow  = "promise-workflow"
	SourceResourceWorkflow = "resource-workflow"
)

// WorkloadGroupScheduling are labels that Destinations must have.
type WorkloadGroupScheduling struct {
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
	// Source is promise, promise-workflow or resource-workflow; the earlier one
	// wins where two set the same key.
	Source string `json:"source,omitempty"`
}

// Workload is one file.
type Workload struct {
	// Filepath is relative to /kratix/output.
	Filepath string `json:"filepath,omitempty"`
	// Content is base64 of gzip. It is empty, which no file's is, when the file
	// is in the bundle.
	Content string `json:"content,omitempty"`
}

// WorkStatus tells how far the files have come.
type WorkStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// WorkPlacements is the number of groups, and WorkPlacementsCreated of those
	// that have been scheduled.
	WorkPlacements        int `json:"workPlacements,omitempty"`
	WorkPlacementsCreated int `json:"workPlacementsCreated,omitempty"`
	// ObservedGeneration is the generation of the Work that the status is about. Kratix
	// does not know it, and its conditions have no generation.
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
}
