// Package plan is the middle of the compiler: what a Kratix workflow does, in
// the words of Kratix and Kubernetes and of no engine. A backend turns a
// Workflow into engine objects without looking at the Promise again.
package plan

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
)

// Type is whose workflow it is.
type Type string

// Action is what the workflow reacts to.
type Action string

const (
	Promise  Type = "promise"
	Resource Type = "resource"

	Configure Action = "configure"
	Delete    Action = "delete"
)

// Kind names one of the four workflows of a Promise.
type Kind struct {
	Type   Type
	Action Action
}

// String is the spelling of the command line: resource-configure.
func (k Kind) String() string { return string(k.Type) + "-" + string(k.Action) }

// Kinds are the four workflows in the order of a Promise's life.
var Kinds = []Kind{{Promise, Configure}, {Resource, Configure}, {Resource, Delete}, {Promise, Delete}}

// Workflow is one of the four workflows for one object: Runs in serial order.
type Workflow struct {
	Kind
	// Promise is the name of the Promise.
	Promise string
	// Name is the engine object's name if all Runs go into one object.
	Name string
	Runs []Run
}

// Run is one Pipeline, ready to be handed to an engine as one Pod.
type Run struct {
	// At is the Pipeline in the Promise.
	At diag.At
	// Pipeline is its name, ID is <promise>-<type>-<action>-<pipeline>.
	Pipeline string
	ID       string
	// Name is derived from content and is at most 63 characters (design decision 5).
	Name      string
	Namespace string
	// Labels and Annotations go on the engine object (contract 3.3).
	Labels      map[string]string
	Annotations map[string]string
	// PodAnnotations go on the Pod; its labels are Labels.
	PodAnnotations map[string]string
	// Owner is nil when the object's UID is unknown or in another namespace.
	Owner *metav1.OwnerReference

	ServiceAccount string
	// UserToken tells whether user containers see the service account's token.
	UserToken bool
	// Access is the service account and its RBAC, in the order to create them.
	Access []manifest.Object

	PullSecrets  []corev1.LocalObjectReference
	NodeSelector map[string]string
	Tolerations  []corev1.Toleration

	// Input is the ConfigMap that holds object.yaml.
	Input manifest.Object
	// Workspaces are the three /kratix directories.
	Workspaces []Workspace
	// Volumes are the user's, with the names the user gave them.
	Volumes []Volume
	// Steps are the user's containers; Harvest comes after the last one.
	Steps   []Step
	Harvest Harvest

	// Retries is how often the whole Run may be repeated, 0 or more.
	Retries int32
	// Timeout bounds one attempt; zero means no bound.
	Timeout time.Duration
}

// Workspace is a directory that all containers of a Run share.
type Workspace struct {
	// Name is input, output or metadata; Path is where it is mounted.
	Name string
	Path string
	// ConfigMap fills the directory, read-only. Empty means an empty directory.
	ConfigMap string
}

// ReadOnly tells whether containers may write to the directory.
func (w Workspace) ReadOnly() bool { return w.ConfigMap != "" }

// Volume is a volume of the user's.
type Volume struct {
	At diag.At
	corev1.Volume
}

// Step is a container of the user's. Its Env is complete, ordered, and has
// every name once; its Resources and policies have the operator's defaults.
type Step struct {
	At diag.At
	corev1.Container
	// EnvAt says where a variable was written; Kratix's own are absent.
	EnvAt map[string]diag.At
}

// Harvest is the last container of a Run. It delivers /kratix/output and
// /kratix/metadata to the runner (design decision 3).
type Harvest struct {
	corev1.Container
	// Volume holds the token for the runner and its CA; nobody else mounts it.
	Volume corev1.Volume
}
