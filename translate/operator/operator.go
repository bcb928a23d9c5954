// SPDX-License-Identifier: Apache-2.0

// Package operator reads what a platform operator sets for all Pipelines, in
// Kratix's own format (docs/kratix-contract.md 2.4): the ConfigMap named kratix
// with its key config, or the text of that key alone.
package operator

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// Config is the configuration that Kratix reads from its operator. The compiler uses the
// defaults for containers and Jobs; the runner uses the rest.
type Config struct {
	// At is where it was written.
	At diag.At `json:"-"`

	Workflows Workflows `json:"workflows"`

	NumberOfJobsToKeep               *int             `json:"numberOfJobsToKeep,omitempty"`
	ReconciliationInterval           *metav1.Duration `json:"reconciliationInterval,omitempty"`
	StateStoreReconciliationInterval *metav1.Duration `json:"stateStoreReconciliationInterval,omitempty"`
	ResourceBindingVersionStrategy   string           `json:"resourceBindingVersionStrategy,omitempty"`
	ControllerLeaderElection         LeaderElection   `json:"controllerLeaderElection"`
	SelectiveCache                   bool             `json:"selectiveCache,omitempty"`
	Git                              map[string]any   `json:"git,omitempty"`
	Telemetry                        map[string]any   `json:"telemetry,omitempty"`
	Logging                          map[string]any   `json:"logging,omitempty"`
	FeatureFlags                     map[string]any   `json:"featureFlags,omitempty"`
}

// LeaderElection is for kratix-runner; what is not set is controller-runtime's.
type LeaderElection struct {
	LeaseDuration *metav1.Duration `json:"leaseDuration,omitempty"`
	RenewDeadline *metav1.Duration `json:"renewDeadline,omitempty"`
	RetryPeriod   *metav1.Duration `json:"retryPeriod,omitempty"`
}

// Workflows are the defaults for Pipelines. A default counts where a container does not set the
// value at all; values are not merged.
type Workflows struct {
	DefaultContainerSecurityContext *corev1.SecurityContext      `json:"defaultContainerSecurityContext,omitempty"`
	DefaultImagePullPolicy          corev1.PullPolicy            `json:"defaultImagePullPolicy,omitempty"`
	DefaultContainerResources       *corev1.ResourceRequirements `json:"defaultContainerResources,omitempty"`
	JobOptions                      JobOptions                   `json:"jobOptions"`
	ReconcileAfterFailure           *bool                        `json:"reconcileAfterFailure,omitempty"`
}

// JobOptions are defaults for spec.jobOptions.
type JobOptions struct {
	DefaultBackoffLimit        *int32 `json:"defaultBackoffLimit,omitempty"`
	PodTTLSecondsAfterFinished *int64 `json:"podTTLSecondsAfterFinished,omitempty"`
}

// Defaults are Kratix's own (docs/kratix-contract.md 2.3).
func Defaults() Config {
	return Config{Workflows: Workflows{DefaultContainerResources: &corev1.ResourceRequirements{
		Requests: corev1.ResourceList{
			corev1.ResourceCPU:              resource.MustParse("100m"),
			corev1.ResourceMemory:           resource.MustParse("128Mi"),
			corev1.ResourceEphemeralStorage: resource.MustParse("128Mi"),
		},
		Limits: corev1.ResourceList{
			corev1.ResourceCPU:              resource.MustParse("200m"),
			corev1.ResourceMemory:           resource.MustParse("256Mi"),
			corev1.ResourceEphemeralStorage: resource.MustParse("256Mi"),
		},
	}}}
}
