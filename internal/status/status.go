// SPDX-License-Identifier: Apache-2.0

// Package status shows an object's way, from the request to the commit that has its files,
// and says in one sentence what the object waits for. The names of the files begin with the
// stage that they are of:
//
//	gather -> Facts -> read -> Trail -> print: tree, table, lines, JSON
//	  ^                          |
//	  +-------- follow ----------+
//
// Only gather and follow have a client. The rest is pure: the same Facts give the same Trail,
// and the same Trail gives the same bytes.
package status

import (
	"time"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// State is how far an object has come.
type State string

// The states. In one of the last four, nothing more happens by itself.
const (
	// Running has a container at work.
	Running State = "Running"
	// Waiting waits for something that is expected to come: a slot, the Promise, a
	// Destination.
	Waiting State = "Waiting"
	// Failing fails now, and is tried again without anybody's help.
	Failing State = "Failing"
	// Deleting is being deleted.
	Deleting State = "Deleting"

	// Ready has all its files in their State Stores.
	Ready State = "Ready"
	// Suspended waits until somebody lets it go on.
	Suspended State = "Suspended"
	// Paused waits until somebody removes the label.
	Paused State = "Paused"
	// Failed waits until somebody changes something.
	Failed State = "Failed"
)

// Trail is what has become of an object. Scripts rely on its JSON: fields are added, and neither
// renamed nor removed.
type Trail struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
	// Promise is that of a request or a Work.
	Promise string `json:"promise,omitempty"`
	State   State  `json:"state"`
	// Message is what the object waits for or what went wrong, for people; empty if it is
	// Ready.
	Message string `json:"message,omitempty"`
	// Settled is true if nothing more happens until somebody does something.
	Settled bool `json:"settled"`
	// Since is when the present Pipeline began or ended, or else the object.
	Since time.Time `json:"since,omitzero"`
	// Next are commands that help, the most useful one first.
	Next []Command `json:"next,omitempty"`
	// Workflow is configure or delete: the one that the Pipelines are of.
	Workflow  string     `json:"workflow,omitempty"`
	Pipelines []Pipeline `json:"pipelines,omitempty"`
	// Works are those that none of the Pipelines has written.
	Works []Work `json:"works,omitempty"`
	// Requests are those for what a Promise offers, without their runs.
	Requests []Trail `json:"requests,omitempty"`
	// Missing are the rights that are missing to show all.
	Missing []Right `json:"missing,omitempty"`
}

// Command is something to be typed.
type Command struct {
	Purpose string `json:"purpose"`
	Command string `json:"command"`
}

// Pipeline is one Pipeline of a workflow, in the present round.
type Pipeline struct {
	Name    string         `json:"name"`
	Phase   progress.Phase `json:"phase"`
	Message string         `json:"message,omitempty"`
	// Log has the last lines of the container that failed.
	Log         []string  `json:"log,omitempty"`
	Since       time.Time `json:"since,omitzero"`
	NextRetryAt time.Time `json:"nextRetryAt,omitzero"`
	// Job is what Kratix has made; kratix-runner makes none.
	Job   *Job   `json:"job,omitempty"`
	Run   *Run   `json:"run,omitempty"`
	Works []Work `json:"works,omitempty"`
}

// Job is a Job of Kratix.
type Job struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// ManagedBy is who runs it, as in kratix-compile.io/tekton or kubernetes.io/job-controller.
	ManagedBy string         `json:"managedBy"`
	Phase     progress.Phase `json:"phase"`
	// Message is why it has failed, without the log.
	Message string `json:"message,omitempty"`
}

// Run is the object of an engine. For a Job that Kubernetes runs it is the Job itself.
type Run struct {
	// Engine and Kind are empty for a run that is not there, or may not be read.
	Engine    string `json:"engine,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Message says in a sentence how far it is.
	Message string `json:"message,omitempty"`
	state.State
}

// Work is what a Pipeline wrote.
type Work struct {
	Namespace string             `json:"namespace"`
	Name      string             `json:"name"`
	Deleting  bool               `json:"deleting,omitempty"`
	State     progress.WorkState `json:"state"`
	// Message is why it is not Ready.
	Message    string      `json:"message,omitempty"`
	Placements []Placement `json:"placements,omitempty"`
}

// Placement is a group of a Work's files and where they go.
type Placement struct {
	// Name is that of the WorkPlacement, in the namespace of the Work.
	Name        string             `json:"name"`
	Deleting    bool               `json:"deleting,omitempty"`
	Destination string             `json:"destination"`
	Store       *Store             `json:"stateStore,omitempty"`
	State       progress.WorkState `json:"state"`
	Message     string             `json:"message,omitempty"`
	// Path is from the root of the repository or of the bucket: a directory, or the one
	// file that all share. Empty if the Destination or its State Store is not known.
	Path string `json:"path,omitempty"`
	// VersionID is the commit, or a digest of the bucket's objects.
	VersionID string `json:"versionID,omitempty"`
}

// Store is a State Store.
type Store struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Location is the address of the repository, or the endpoint and the bucket.
	Location string `json:"location,omitempty"`
	Branch   string `json:"branch,omitempty"`
}

// Right is a right that the person does not have.
type Right struct {
	Verb string `json:"verb"`
	// Resource is as in "works.platform.kratix.io".
	Resource string `json:"resource"`
	// Namespace is empty for what is in none, or in all of them.
	Namespace string `json:"namespace,omitempty"`
}

// settled tells whether nothing more happens by itself in this state.
func (s State) settled() bool { return s == Ready || s == Suspended || s == Paused || s == Failed }
