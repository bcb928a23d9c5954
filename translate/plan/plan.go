// SPDX-License-Identifier: Apache-2.0

// Package plan is the middle of the compiler: what a Kratix workflow does, in words of Kratix
// and Kubernetes, and of no engine. A backend makes engine objects from a Workflow without the
// Promise.
package plan

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Workflow is one of the four workflows for one object: Runs in serial order.
type Workflow struct {
	workflow.Kind
	// Promise is the name of the Promise.
	Promise string
	// Object is what the workflow runs for.
	Object Object
	// Name is the engine object's name if all Runs go into one object.
	Name string
	Runs []Run
}

// Run is one Pipeline, ready to be handed to an engine as one Pod.
type Run struct {
	// At is the Pipeline in the Promise.
	At diag.At `json:"-"`
	// Pipeline is its name, ID is <promise>-<type>-<action>-<pipeline>.
	Pipeline string `json:"pipeline"`
	ID       string `json:"id"`
	// Name is derived from content and is at most 63 characters (docs/decisions.md 5).
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	// Labels and Annotations go on the engine object (docs/kratix-contract.md 3.3).
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	// PodAnnotations go on the Pod; its labels are Labels, though Tekton puts
	// its own value into app.kubernetes.io/managed-by there.
	PodAnnotations map[string]string `json:"podAnnotations,omitempty"`
	// Owner is nil when the object's UID is unknown or in another namespace.
	Owner *metav1.OwnerReference `json:"owner,omitempty"`

	ServiceAccount string `json:"serviceAccount"`
	// AccountLabels go on the service account and on its roles. An account that the user named
	// has none, because several Promises may use it.
	AccountLabels map[string]string `json:"-"`
	// UserToken tells whether user containers see the service account's token.
	UserToken bool `json:"userToken"`
	// Access is the service account and its RBAC, in the order to create them.
	Access []manifest.Object `json:"-"`

	PullSecrets  []corev1.LocalObjectReference `json:"pullSecrets,omitempty"`
	NodeSelector map[string]string             `json:"nodeSelector,omitempty"`
	Tolerations  []corev1.Toleration           `json:"tolerations,omitempty"`

	// Input is the ConfigMap that holds object.yaml; empty if no workspace has one.
	Input manifest.Object `json:"-"`
	// Workspaces are the three /kratix directories. A Run of containers that bring their own
	// directories has none.
	Workspaces []Workspace `json:"workspaces,omitempty"`
	// Volumes are the user's, with the names the user gave them.
	Volumes []Volume `json:"volumes,omitempty"`
	// Steps are the user's containers. Harvest is our container after the last one; its zero
	// value stands for none.
	Steps   []Step  `json:"steps,omitempty"`
	Harvest Harvest `json:"harvest,omitzero"`

	// Retries is how often the whole Run may be repeated, 0 or more.
	Retries int32 `json:"retries"`
	// Timeout bounds one attempt; zero means no bound.
	Timeout time.Duration `json:"-"`

	// Places are where the fields above are written.
	Places Places `json:"-"`
}

// Places are where the fields of a Run are written, in a Promise or in a Job.
type Places struct {
	Labels, Annotations, ServiceAccount, PullSecrets, NodeSelector, Tolerations, Containers, Retries diag.At
}

// Prerequisites are copies of what must exist before the engine's object, in
// the order to create them.
func (r Run) Prerequisites() []manifest.Object {
	var out []manifest.Object
	for _, o := range append(slices.Clip(r.Access), r.Input) {
		if o.Object != nil {
			out = append(out, *o.DeepCopy())
		}
	}
	return out
}

// Workspace is a directory that all containers of a Run share.
type Workspace struct {
	// Name is input, output or metadata; Path is where it is mounted.
	Name string `json:"name"`
	Path string `json:"path"`
	// ConfigMap fills the directory, read-only. Empty means an empty directory.
	ConfigMap string `json:"configMap,omitempty"`
}

// ReadOnly tells whether containers may write to the directory.
func (w Workspace) ReadOnly() bool { return w.ConfigMap != "" }

// Volume is a volume of the user's.
type Volume struct {
	At            diag.At `json:"-"`
	corev1.Volume `json:",inline"`
}

// Step is a container of the user's. Its Env is complete, ordered, and has
// every name once; its Resources and policies have the operator's defaults. NewStep makes it.
type Step struct {
	At               diag.At `json:"-"`
	corev1.Container `json:",inline"`
	// EnvAt says where a variable was written; Kratix's own are absent.
	EnvAt map[string]diag.At `json:"-"`
}

// Harvests tells whether the last container of the Run is the harvest, and not the last step.
func (r Run) Harvests() bool { return r.Harvest.Name != "" }

// Harvest is the last container of a Run. It brings /kratix/output and /kratix/metadata to the
// runner (docs/decisions.md 3).
type Harvest struct {
	corev1.Container `json:",inline"`
	// Volume holds the token for the runner and its CA; nobody else mounts it.
	Volume corev1.Volume `json:"volume"`
}
