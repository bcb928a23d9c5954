// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Pipeline is a list of containers that run one after the other in one Pod and
// share the /kratix directories. It is no CRD: it lives inside a Promise.
//
// +kubebuilder:object:root=true
type Pipeline struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec PipelineSpec `json:"spec,omitempty"`
}

// PipelineSpec is everything a Pipeline can say; other fields are errors.
type PipelineSpec struct {
	// Containers run in this order, each to completion. May be empty.
	Containers []Container `json:"containers,omitempty"`
	// Volumes are added to the Pod, beside the three that hold /kratix.
	Volumes []corev1.Volume `json:"volumes,omitempty"`
	// ImagePullSecrets name Secrets in the namespace the Pipeline runs in.
	ImagePullSecrets []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`
	NodeSelector     map[string]string             `json:"nodeSelector,omitempty"`
	Tolerations      []corev1.Toleration           `json:"tolerations,omitempty"`
	// RestartPolicy is OnFailure (the default) or Never.
	// +kubebuilder:validation:Enum=OnFailure;Never
	RestartPolicy corev1.RestartPolicy `json:"restartPolicy,omitempty"`
	JobOptions    JobOptions           `json:"jobOptions,omitempty"`
	RBAC          RBAC                 `json:"rbac,omitempty"`
}

// Container is the part of a Kubernetes container that a Pipeline may set.
type Container struct {
	// Name is a DNS label, unique in the Pipeline.
	Name string `json:"name"`
	// Image is an image reference. Its entrypoint runs unless Command is set.
	Image           string                  `json:"image"`
	Args            []string                `json:"args,omitempty"`
	Command         []string                `json:"command,omitempty"`
	Env             []corev1.EnvVar         `json:"env,omitempty"`
	EnvFrom         []corev1.EnvFromSource  `json:"envFrom,omitempty"`
	VolumeMounts    []corev1.VolumeMount    `json:"volumeMounts,omitempty"`
	ImagePullPolicy corev1.PullPolicy       `json:"imagePullPolicy,omitempty"`
	SecurityContext *corev1.SecurityContext `json:"securityContext,omitempty"`
	// Resources that are there, if only as {}, have none of the operator's defaults.
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`
}

// JobOptions tune how a Pipeline is repeated when it fails.
type JobOptions struct {
	// BackoffLimit is how often a failed Pipeline is tried again, 0 or more.
	// Unset means the operator's default, and Kubernetes' 6 without one.
	BackoffLimit *int32 `json:"backoffLimit,omitempty"`
}

// RBAC is who a Pipeline runs as and what it may do in the cluster.
type RBAC struct {
	// ServiceAccount replaces the one that is made for the Pipeline.
	ServiceAccount string `json:"serviceAccount,omitempty"`
	// Permissions are granted to the service account.
	Permissions []Permission `json:"permissions,omitempty"`
}

// Permission is a policy rule and the namespace it holds in: the Pipeline's
// own when ResourceNamespace is empty, every namespace when it is "*".
type Permission struct {
	ResourceNamespace string `json:"resourceNamespace,omitempty"`
	rbacv1.PolicyRule `json:",inline"`
}
