// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// ManagerDomain begins the managedBy of the Jobs that engines run, as in
// kratix-compile.io/tekton.
const ManagerDomain = "kratix-compile.io/"

// holdBack is how long a run waits for Kratix. Kratix creates the Job, sleeps for 1.1 s and then
// writes the object's status; a container of the Job that writes it at the same moment fails.
// The time when a Job was made has whole seconds, so the wait is between one second and two.
const holdBack = 2 * time.Second

// Situation is all that a decision depends on.
type Situation struct {
	Job *batchv1.Job
	// Run is the engine's object of the Job's name; nil if there is none.
	Run *Run
	// Reported tells that the object's status shows the Pipeline running.
	Reported bool
	// Refused is why the Job cannot be compiled; empty if it can.
	Refused string
	// Slot tells that one more run may be active.
	Slot bool
	Now  time.Time
}

// Run is an object of an engine.
type Run struct {
	// Owner is the UID of the Job that controls it; empty if none does.
	Owner types.UID
	// Deleting tells that it is about to go.
	Deleting bool
	// Busy tells that it was told to end, and a Pod of it has not ended.
	Busy bool
	// Told is when it was last told to end because the Job is suspended; zero if it was not.
	Told  time.Time
	State state.State
}

// Action is one call of an API. Each may be repeated.
type Action interface{ action() }

type (
	// CreateRun creates the run of the Job, under the Job's name.
	CreateRun struct{}
	// CancelRun ends the run.
	CancelRun struct{}
	// DeleteRun deletes the run.
	DeleteRun struct{}
	// WriteStatus writes the status of the Job.
	WriteStatus struct{ Status batchv1.JobStatus }
)

func (CreateRun) action()   {}
func (CancelRun) action()   {}
func (DeleteRun) action()   {}
func (WriteStatus) action() {}

// Reasons of Jobs that fail before anything runs.
const (
	ReasonNameTaken     = "RunNameTaken"
	ReasonNotCompilable = "NotCompilable"
)

// reasonAbandoned is of an Event about a run that counts as ended.
const reasonAbandoned = "RunAbandoned"

// Decision is what to do, in this order.
type Decision struct {
	Actions []Action
	// Event is for people who look at the Job; nil if there is nothing to say.
	Event *Event
	// RequeueAfter is when to decide again, if nothing changes before; zero for never.
	RequeueAfter time.Duration
}

// Event is a warning.
type Event struct{ Reason, Message string }

// Decide tells what to do next for a Job. Any Situation has an answer. The status comes before
// what changes the run: a killed process finds its way from what is in the cluster.
func Decide(s Situation) Decision {
	switch {
	case Over(s.Job):
		return Decision{} // a run that is gone after the end is not missed
	case s.Job.DeletionTimestamp != nil:
		return s.deleted()
	case AskedToSuspend(s.Job) && (s.Run == nil || s.Run.Owner != s.Job.UID):
		return s.changed(Status(s.Job, state.State{}, s.Now)) // nothing of it runs
	case s.Run != nil && s.Run.Owner != s.Job.UID:
		return s.refuse(ReasonNameTaken, fmt.Sprintf("namespace %s has an object of %s called %s that is not of this Job; delete it, and ask for a manual reconciliation",
			s.Job.Namespace, EngineOf(s.Job), s.Job.Name))
	case s.Run == nil:
		return s.begin()
	default:
		return s.follow()
	}
}

// Over tells whether there is nothing to do for a Job any more, or never was.
func Over(job *batchv1.Job) bool {
	return EngineOf(job) == "" || Ended(job) && job.DeletionTimestamp == nil
}

// EngineOf is the name of the engine that runs a Job; empty if Kubernetes or somebody else does.
func EngineOf(job *batchv1.Job) string {
	if job.Spec.ManagedBy == nil {
		return ""
	}
	engine, ours := strings.CutPrefix(*job.Spec.ManagedBy, ManagerDomain)
	if !ours {
		return ""
	}
	return engine
}

// deleted lets the run go with the Job. Most often the garbage collector does it, but not if
// somebody deletes the Job and keeps what it owns.
func (s Situation) deleted() Decision {
	if s.Run == nil || s.Run.Deleting || s.Run.Owner != s.Job.UID {
		return Decision{}
	}
	return Decision{Actions: []Action{DeleteRun{}}}
}

// Early is for how long Kratix may still be about to write the status of the Job's object; zero or less
// if that time is over. It is zero, too, if the clock of this process is so far behind that of the API
// server that it cannot tell: nothing waits until it has caught up.
func (s Situation) Early() time.Duration {
	early := s.Job.CreationTimestamp.Add(holdBack).Sub(s.Now)
	if early > 2*holdBack {
		return 0
	}
	return early
}

// begin starts the run, or starts it again if somebody has deleted it before its end.
func (s Situation) begin() Decision {
	if s.Refused != "" {
		return s.refuse(ReasonNotCompilable, s.Refused)
	}
	d := s.write(state.State{})
	switch {
	case !s.Reported && s.Early() > 0:
		d.RequeueAfter = s.Early()
	case s.Slot: // without one, the run that leaves its slot wakes this Job
		d.Actions = append(d.Actions, CreateRun{})
	}
	return d
}

// follow is for a run that is there.
func (s Situation) follow() Decision {
	run := s.Run.State
	switch {
	case run.Phase == state.Cancelled && s.Run.Busy:
		run.Phase = state.Running // Kratix waits until nothing runs any more
		return s.write(run)
	case run.Phase == state.Cancelled && s.resumed():
		if !Suspended(s.Job) {
			run.Phase = state.Pending // the suspension was over before it was seen
		}
		d := s.write(run)
		if !s.Run.Deleting { // its name is for the run that follows
			d.Actions = append(d.Actions, DeleteRun{})
		}
		return d
	case AskedToSuspend(s.Job) && !run.Phase.Ended():
		return s.end(run)
	default:
		return s.write(run)
	}
}

const (
	// tellAgain is after how long a run is told again to end. Argo can overlook it once.
	tellAgain = 15 * time.Second
	// abandonAfter is how long an engine may take to say that a run has ended of which nothing is left. It may be
	// down, and Kratix waits for the Job, also if it is to begin anew with another engine.
	abandonAfter = time.Minute
)

// end tells the run of a Job that is suspended to end, and waits for that.
func (s Situation) end(run state.State) Decision {
	since := s.Now.Sub(s.Run.Told)
	switch {
	case !run.ToldToEnd, s.Run.Told.IsZero(), since < 0, s.Run.Busy && since >= tellAgain:
		d := s.write(run)
		d.Actions, d.RequeueAfter = append(d.Actions, CancelRun{}), tellAgain
		return d
	case s.Run.Busy:
		d := s.write(run)
		d.RequeueAfter = tellAgain - since
		return d
	case since < abandonAfter:
		d := s.write(run)
		d.RequeueAfter = abandonAfter - since
		return d
	}
	run.Phase = state.Cancelled
	d := s.write(run)
	if len(d.Actions) > 0 {
		d.Event = &Event{reasonAbandoned, "the run counts as ended: it was told to end and none of its Pods is left, but its engine does not say so"}
	}
	return d
}

// resumed tells whether a Job goes on after a suspension, for which its run was cancelled.
func (s Situation) resumed() bool {
	return !AskedToSuspend(s.Job) && (!s.Run.Told.IsZero() || Suspended(s.Job))
}

// write writes the status if it has changed.
func (s Situation) write(run state.State) Decision {
	if run.Phase == "" && s.Run != nil {
		run.Phase = state.Pending
	}
	return s.changed(Status(s.Job, run, s.Now))
}

// changed has an event for a Job that fails. Nobody decides on a Job that has failed before.
func (s Situation) changed(status batchv1.JobStatus) Decision {
	if apiequality.Semantic.DeepEqual(status, s.Job.Status) {
		return Decision{}
	}
	d := Decision{Actions: []Action{WriteStatus{status}}}
	for _, c := range status.Conditions {
		if c.Type == batchv1.JobFailed {
			d.Event = &Event{c.Reason, state.WithoutLog(c.Message)}
		}
	}
	return d
}

// refuse fails a Job without a run.
func (s Situation) refuse(reason, message string) Decision {
	return s.changed(Refused(s.Job, reason, message, s.Now))
}
