// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"fmt"
	"time"
)

// Decision is what to do now. The actions are executed in order. The first that fails ends the
// execution, and the next decision starts from what is then in the cluster. Every action may be
// repeated.
type Decision struct {
	// Status is what WriteStatus writes; the present one if there is no such action.
	Status  Status
	Actions []Action
	Outcome Outcome
	// Again asks for another decision at once, when the actions have been executed.
	Again bool
	// RequeueAfter is when to decide again if no event comes first; 0 is never.
	RequeueAfter time.Duration
	// Events are to be emitted when the actions have been executed.
	Events []Event
}

// Outcome is the state that the workflow is in after the actions.
type Outcome string

// The outcomes.
const (
	Waiting   Outcome = "Waiting"   // for the end of an old run, or for a slot
	Running   Outcome = "Running"   // a run is active
	Suspended Outcome = "Suspended" // until the label is removed or a time has come
	Failed    Outcome = "Failed"
	Completed Outcome = "Completed"
	Paused    Outcome = "Paused"
)

// Action is one of AddLabel, RemoveLabel, TakeResults, CleanUp, WriteStatus, DropRecord,
// Cancel and Submit.
type Action interface {
	fmt.Stringer
	action()
}

// AddLabel sets the label to "true" on the object.
type AddLabel struct{ Key string }

// RemoveLabel removes the label from the object; it may be gone already.
type RemoveLabel struct{ Key string }

// TakeResults takes the results out of a run's record. With Work, the Work of the pipeline is
// written now. status.yaml is merged into the status in memory, and the WriteStatus that always
// follows writes it.
type TakeResults struct {
	Pipeline, Run string
	Work          bool
}

// CleanUp deletes finished runs beyond the number to keep; with Works also the Works
// of pipelines that are no longer listed. It is repeated after a crash, so it must not fail
// because of what is gone.
type CleanUp struct{ Works bool }

// WriteStatus writes the object's status: Decision.Publish, on top of what TakeResults
// merged. A conflict must fail, not be retried: the decision was made for another
// object.
type WriteStatus struct{}

// DropRecord deletes a run's record; it may be gone already.
type DropRecord struct{ Run string }

// Cancel asks the engine to end a run that has not ended; it may be gone already.
type Cancel struct{ Run string }

// Submit creates the run of a pipeline and writes its UID into the status. It must fail if there
// is a run of that name that this runner has not made. With Again there may be one that it has
// made: an earlier try was killed after it. Without Again there cannot be one.
type Submit struct {
	Pipeline string
	Round    int
	Run      string
	Again    bool
}

func (AddLabel) action()    {}
func (RemoveLabel) action() {}
func (TakeResults) action() {}
func (CleanUp) action()     {}
func (WriteStatus) action() {}
func (DropRecord) action()  {}
func (Cancel) action()      {}
func (Submit) action()      {}

func (a AddLabel) String() string    { return "add label " + a.Key }
func (a RemoveLabel) String() string { return "remove label " + a.Key }

func (a TakeResults) String() string {
	if a.Work {
		return "write Work and merge status.yaml of " + a.Run
	}
	return "merge status.yaml of " + a.Run
}

func (a CleanUp) String() string {
	if a.Works {
		return "clean up runs and Works"
	}
	return "clean up runs"
}

func (WriteStatus) String() string  { return "write status" }
func (a DropRecord) String() string { return "drop record of " + a.Run }
func (a Cancel) String() string     { return "cancel " + a.Run }
func (a Submit) String() string     { return "submit " + a.Run }

// Event is a Kubernetes Event about the object (6.14).
type Event struct {
	Warning         bool
	Reason, Message string
}
