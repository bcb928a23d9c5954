// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is what users write, Promises, Pipelines, Destinations and
// State Stores of the group platform.kratix.io, and what becomes of it: Works and
// WorkPlacements. All have the JSON of Kratix itself, so that existing YAML
// applies unchanged. The shapes follow Kratix at commit ae170e22 (August 2026).
//
// The types say what may be written; translate/check says what is allowed.
//
// +kubebuilder:object:generate=true
// +groupName=platform.kratix.io
package v1alpha1

// The one group and version, and the kinds.
const (
	Group      = "platform.kratix.io"
	Version    = "v1alpha1"
	APIVersion = Group + "/" + Version

	KindPromise          = "Promise"
	KindPipeline         = "Pipeline"
	KindDestination      = "Destination"
	KindGitStateStore    = "GitStateStore"
	KindBucketStateStore = "BucketStateStore"
	KindWork             = "Work"
	KindWorkPlacement    = "WorkPlacement"
)
