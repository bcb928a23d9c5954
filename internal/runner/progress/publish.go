// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"cmp"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// The texts of status.message (6.5, 6.7).
const (
	MessagePending           = "Pending"
	MessageResourceRequested = "Resource requested"
	MessagePromiseConfigured = "Promise configured"
)

// messageFailing is that of the condition Reconciled when another one says more, as in Kratix.
const messageFailing = "Failing"

// bindingLatest is what a request says whose ResourceBinding names no version. There are no
// ResourceBindings here: each request has the Promise as it is.
const bindingLatest = "latest"

// Publish writes what has been decided into an object's status: the document, counters, message
// and the conditions of the workflow. It may be called after any decision, with or without
// WriteStatus. A second call changes nothing more. SetWorks says what becomes of the Works.
func (d Decision) Publish(status map[string]any, s Situation) {
	old := Read(status)
	d.Status.Write(status)
	if old.Round == 0 && d.Status.Round > 0 {
		delete(status, "healthStatus") // it is Kratix's, from its HealthRecords, and would never change again
	}
	d.publishMessage(status, s, old)
	if s.Wanted.Action == workflow.Delete && d.Status.Action == workflow.Delete {
		d.publishDelete(status, s)
	} else {
		d.publishConfigure(status, s)
	}
	if c, ok := d.reconciled(s.Wanted.Action, old, GetCondition(status, ConditionReconciled)); ok {
		SetCondition(status, c, s.Now)
	}
}

// publishMessage resets the message whenever a pipeline starts, and sets it at the end
// if no pipeline has.
func (d Decision) publishMessage(status map[string]any, s Situation, old Status) {
	now, _ := d.Status.Current()
	started := d.Status.Accepts(now.Run) && !old.Accepts(now.Run)
	switch {
	case started, status["message"] == nil && len(d.Status.Pipelines) > 0:
		status["message"] = MessagePending
	}
	if d.Outcome != Completed || s.Wanted.Action == workflow.Delete {
		return
	}
	if s.dryRun() {
		status["message"] = messageDryRun // whatever a Pipeline has written
	}
	if status["message"] != MessagePending {
		return
	}
	status["message"] = MessageResourceRequested
	if s.Type == workflow.Promise {
		status["message"] = MessagePromiseConfigured
	}
}

func (d Decision) publishConfigure(status map[string]any, s Situation) {
	var succeeded, failed int64
	c := Condition{ConditionConfigureCompleted, isFalse, reasonPipelinesInProgress, "Pipelines are still in progress"}
	for _, p := range d.Status.Pipelines {
		switch p.Phase {
		case PhaseSucceeded:
			succeeded++
		case PhaseFailed:
			failed++
			c.Reason, c.Message = ReasonConfigureFailed, detailed("A Configure Pipeline has failed: "+p.Name, p.Message)
		default:
		}
	}
	status["workflows"] = int64(len(d.Status.Pipelines))
	status["workflowsSucceeded"], status["workflowsFailed"] = succeeded, failed
	if d.Outcome == Completed {
		c = Condition{c.Type, isTrue, reasonPipelinesSucceeded, "Pipelines completed"}
		if s.Type == workflow.Resource {
			status["observedGeneration"] = s.Generation
			status["lastSuccessfulConfigureWorkflowTime"] = stamp(d.Status.LastSuccess)
			status["promiseVersion"], status["resourceBindingVersion"] = cmp.Or(s.Version, Unversioned), bindingLatest
		}
	}
	if d.Outcome != Paused {
		SetCondition(status, c, s.Now)
	}
}

// publishDelete says only what went wrong: in the end the object is gone.
func (d Decision) publishDelete(status map[string]any, s Situation) {
	c := Condition{Type: ConditionDeleteCompleted, Status: isFalse}
	switch d.Outcome {
	case Failed:
		p, _ := d.Status.Current()
		c.Reason, c.Message = reasonDeleteWorkflowFailed, detailed("The Delete Pipeline has failed", p.Message)
	case Suspended:
		c.Reason, c.Message = reasonDeleteWorkflowSuspended, "The delete workflow is suspended"
	default:
		removeCondition(status, c.Type)
		return
	}
	SetCondition(status, c, s.Now)
}

func detailed(text, detail string) string {
	if detail == "" {
		return text
	}
	return text + ": " + detail
}

// reconciled is the condition of that name; false leaves it to SetWorks.
func (d Decision) reconciled(action workflow.Action, old Status, present Condition) (Condition, bool) {
	c := Condition{ConditionReconciled, isUnknown, ReasonWorkflowPending, "Pending"}
	switch d.Outcome {
	case Paused:
		c.Reason, c.Message = ReasonPaused, "Paused"
	case Suspended:
		c.Reason, c.Message = ReasonWorkflowSuspended, "Suspended"
	case Failed:
		if action == workflow.Configure {
			c.Status, c.Reason, c.Message = isFalse, ReasonConfigureFailed, messageFailing
		}
	case Completed:
		c.Reason = reasonWorksPending
		return c, action == workflow.Configure && !aboutWorks(present.Reason)
	case Running, Waiting:
		unpaused := old.Paused && !d.Status.Paused || present.Reason == reasonUnpaused
		if unpaused && d.Outcome == Waiting {
			c.Reason = reasonUnpaused
		}
	}
	return c, true
}
