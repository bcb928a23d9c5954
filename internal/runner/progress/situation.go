// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"time"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Situation is what is known of an object when a decision is due.
//
// It must be gathered like this: the object is as new as the last write of this process (after
// a restart any read will do); Runs hold every run that this process has submitted; Records are
// read after Runs, because a run that succeeded without a record counts as failed.
type Situation struct {
	Now  time.Time
	Type workflow.Type
	// Generation is metadata.generation, and Completed the one that a workflow has
	// completed for, 0 if none has.
	Generation, Completed int64
	// Version is that of the Promise.
	Version string
	// Labels are the object's; it is not changed.
	Labels map[string]string
	// Paused is LabelPaused on the object or on its Promise. Deletion ignores it.
	Paused bool
	Wanted Wanted
	// Status is Read from the object.
	Status Status
	// Runs are those of the object that have not ended, and the run of Status.Current in any
	// state. A run that is not listed does not exist.
	Runs []Run
	// Records are the harvests of the object's runs whose results are not yet taken.
	Records []Record
	// Hold is why nothing can be submitted at present; empty if it can. Example of a message:
	// "Waiting for a free slot: 20 of 20 runs are active". An object has the slot of its run
	// until the workflow ends or suspends.
	Hold Why
	// Interval after which a workflow that ended starts over; 0 is never.
	Interval time.Duration
	// RetryFailed lets Interval start a failed workflow over, too.
	RetryFailed bool
	// RunName is the name of a pipeline's run in a round; the same arguments give
	// the same name, others another. It must not be nil.
	RunName func(pipeline string, round int) string
	// RunNamespace is where a run would be created now.
	RunNamespace string
	// LastRound is a number that no round of an existing run exceeds, 0 if the status knows it.
	// It keeps names new even if somebody has emptied the object's status.
	LastRound int
}

// RunState is how far a run has come.
type RunState string

// The states of a run. Absent, the zero value, is a run that does not exist.
const (
	RunAbsent RunState = ""
	// RunWaiting is a run in which nothing of the user's executes: no container has
	// started, or the next one cannot. It may be cancelled without harm.
	RunWaiting   RunState = "Waiting"
	RunRunning   RunState = "Running"
	RunSucceeded RunState = "Succeeded"
	RunFailed    RunState = "Failed"
	RunTimedOut  RunState = "TimedOut"
	RunCancelled RunState = "Cancelled"
)

// Run is a run as it was observed on the engine. A run that the API server refuses
// for good is reported as RunFailed with the API server's words.
type Run struct {
	Name string
	// UID is the engine object's; empty if there is none.
	UID   string
	State RunState
	// Idle is a run that was told to end and has no Pod left that could do anything. Its engine
	// may take long to say that it has ended, or may never say so.
	Idle bool
	// Where names it for people: "TaskRun team-a/web-1".
	Where string
	// Text is why it waits or how it failed: "<container> failed: <reason> ...". It goes
	// into the status, so it should not change while nothing does.
	Text string
}

// where is how people find it.
func (r Run) where() string {
	if r.Where != "" {
		return r.Where
	}
	return r.Name
}

// Active tells whether a run has not ended.
func (r Run) Active() bool { return r.State == RunWaiting || r.State == RunRunning }

// Record is a durable harvest of a run.
type Record struct {
	Run string
	// UID is of the run that left it.
	UID     string
	Control Control
	// Fault is why the results can never be used: the pipeline fails with it.
	Fault string
}

// Control is what a workflow-control.yaml asks for (5.5).
type Control struct {
	Suspend bool
	Message string
	// RetryAfter, if not 0, suspends as well.
	RetryAfter time.Duration
}

func (c Control) suspends() bool { return c.Suspend || c.RetryAfter > 0 }
