// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// GitStateStore is a branch of a Git repository.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories=kratix
// +kubebuilder:printcolumn:JSONPath=".spec.url",name="URL",type=string,description="Address of the repository"
// +kubebuilder:printcolumn:JSONPath=".spec.branch",name="Branch",type=string,description="Branch that is written to"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Ready")].status`,name="Ready",type=string,description="Whether files can be written"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Ready")].message`,name="Message",type=string,description="Why they cannot"
// +kubebuilder:printcolumn:JSONPath=".metadata.creationTimestamp",name="Age",type=date
type GitStateStore struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   GitStateStoreSpec `json:"spec,omitempty"`
	Status StateStoreStatus  `json:"status,omitempty"`
}

// GitStateStoreList is a list of GitStateStores.
//
// +kubebuilder:object:root=true
type GitStateStoreList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []GitStateStore `json:"items"`
}

// The ways to authenticate to a Git repository.
const (
	GitBasicAuth = "basicAuth"
	GitSSH       = "ssh"
	GitHubApp    = "githubApp"
)

// GitStateStoreSpec says how to reach a Git repository.
type GitStateStoreSpec struct {
	// URL is https://..., or ssh://... or user@host:path with authMethod ssh.
	URL string `json:"url,omitempty"`
	// Branch must exist already.
	// +kubebuilder:default=main
	Branch string `json:"branch,omitempty"`
	// Path is below the root of the repository. All that is below it belongs to
	// the State Store.
	Path string `json:"path,omitempty"`
	// AuthMethod decides on the keys of the Secret. basicAuth: username, password;
	// ssh: sshPrivateKey, knownHosts; githubApp: appID, installationID, privateKey.
	// +kubebuilder:validation:Enum=basicAuth;ssh;githubApp
	// +kubebuilder:default=basicAuth
	AuthMethod string `json:"authMethod,omitempty"`
	// SecretRef names the Secret; its namespace is default if empty.
	SecretRef *corev1.SecretReference `json:"secretRef,omitempty"`
	// Insecure believes every certificate of the server. Kratix has no such field, and
	// believes them all.
	Insecure bool `json:"insecure,omitempty"`
	// GitAuthor is the author and committer of every commit.
	// +kubebuilder:default={name: kratix}
	GitAuthor GitAuthor `json:"gitAuthor,omitempty"`
}

// GitAuthor is a person or program as Git knows them.
type GitAuthor struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// BucketStateStore is a bucket of an object store that speaks S3.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories=kratix
// +kubebuilder:printcolumn:JSONPath=".spec.bucketName",name="Name",type=string,description="Name of the bucket"
// +kubebuilder:printcolumn:JSONPath=".spec.endpoint",name="Endpoint",type=string,description="Address of the object store"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Ready")].status`,name="Ready",type=string,description="Whether files can be written"
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Ready")].message`,name="Message",type=string,description="Why they cannot"
// +kubebuilder:printcolumn:JSONPath=".metadata.creationTimestamp",name="Age",type=date
type BucketStateStore struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   BucketStateStoreSpec `json:"spec,omitempty"`
	Status StateStoreStatus     `json:"status,omitempty"`
}

// BucketStateStoreList is a list of BucketStateStores.
//
// +kubebuilder:object:root=true
type BucketStateStoreList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []BucketStateStore `json:"items"`
}

// The ways to authenticate to a bucket.
const (
	BucketAccessKey = "accessKey"
	BucketIAM       = "IAM"
)

// BucketStateStoreSpec says how to reach a bucket.
type BucketStateStoreSpec struct {
	// BucketName is a bucket that exists already.
	BucketName string `json:"bucketName"`
	// Endpoint is a host, with a port if need be.
	Endpoint string `json:"endpoint"`
	// Path begins the key of every object. All that is below it belongs to the
	// State Store.
	Path string `json:"path,omitempty"`
	// Insecure means http instead of https.
	Insecure bool `json:"insecure,omitempty"`
	// UseDualStack asks for an endpoint with IPv4 and IPv6.
	UseDualStack bool `json:"useDualStack,omitempty"`
	// AuthMethod is accessKey, with accessKeyID and secretAccessKey in the Secret,
	// or IAM, the identity of the runner's Pod, without a Secret.
	// +kubebuilder:validation:Enum=accessKey;IAM
	// +kubebuilder:default=accessKey
	AuthMethod string `json:"authMethod,omitempty"`
	// SecretRef names the Secret.
	SecretRef *corev1.SecretReference `json:"secretRef,omitempty"`
}

// StateStoreStatus tells whether a State Store can be written to.
type StateStoreStatus struct {
	// Status is Ready or NotReady.
	// +optional
	Status             string             `json:"status"`
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}
