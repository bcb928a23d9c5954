// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"time"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// lookAgain is when to look again at a run that waits for no known reason. If no controller of
// the engine has taken it by then, the observer says so.
const lookAgain = time.Minute

// running: the status names a run. Its record counts, whatever the engine says.
func (m *machine) running(i int) {
	p := m.next.Pipelines[i]
	run, cause := m.run(p), m.cause()
	if record, ok := m.record(p); ok {
		m.harvested(i, record)
		return
	}
	switch {
	case cause == urgent, cause == patient && run.State != RunRunning, run.State == RunAbsent && m.foreign(p):
		m.restart()
	case run.State == RunAbsent && p.RunUID != "":
		m.lost(i)
	case run.State == RunAbsent, p.RunUID == "" && run.UID != "" && cause == noCause: // to be created, or to be known as created
		m.after = append(m.after, Submit{Pipeline: p.Name, Round: m.next.Round, Run: p.Run, Again: true})
		m.ends(Running)
	case run.Active():
		why := Why{}
		switch {
		case cause == patient:
			m.next.Pipelines[i].RunUID = run.UID // what is compiled now would be another run, so it cannot be submitted again
			why = Why{ReasonStartsOver, "The workflow starts over when this run has ended"}
		case run.Text != "":
			why = Why{ReasonPipelineStuck, run.Text}
			if p.Message == "" {
				m.event(true, ReasonPipelineStuck, "Pipeline "+p.Name+" does not get on ("+p.Run+"): "+run.Text)
			}
		}
		m.turn(i, PhaseRunning, why)
		m.ends(Running)
		if run.State == RunWaiting && why.Message == "" {
			m.requeue(m.Now.Add(lookAgain)) // that nothing happens to it causes no event
		}
	default:
		m.fail(i, run.failure())
	}
}

// lost: somebody has deleted the run. The next one has another name: the old one may be taken by
// a run that is not ours.
func (m *machine) lost(i int) {
	p := m.next.Pipelines[i]
	m.event(true, ReasonRunDeleted, "Pipeline "+p.Name+" starts again: somebody has deleted its run "+p.Run)
	m.next.Round = m.nextRound()
	m.turn(i, PhasePending, Why{})
	m.start(i)
}

// foreign tells whether this object cannot have had the run: its status came from a backup of
// another one.
func (m *machine) foreign(p Pipeline) bool {
	name := m.RunName(p.Name, m.next.Round)
	return name != "" && name != p.Run
}

// failure is why a run has ended without results.
func (r Run) failure() Why {
	switch r.State {
	case RunSucceeded:
		return Why{ReasonResultsMissing, r.Name + " succeeded but its results never arrived: see the log of its last container, kratix-harvest"}
	case RunTimedOut:
		return Why{ReasonRunTimedOut, detailed(r.Name+" timed out", r.Text)}
	case RunCancelled:
		return Why{ReasonRunCancelled, detailed(r.Name+" was cancelled on the engine", r.Text)}
	default:
		if r.Text != "" {
			return Why{ReasonRunFailed, r.Text}
		}
		return Why{ReasonRunFailed, r.Name + " failed"}
	}
}

// harvested: the results of the current run have arrived.
func (m *machine) harvested(i int, r Record) {
	if r.Fault != "" {
		m.fail(i, Why{ReasonResultsRefused, "the results of " + r.Run + " cannot be delivered: " + r.Fault})
		return
	}
	// Nobody wants the files of an object that is being deleted. Its delete pipeline may need the
	// status.
	work := !r.Control.suspends() && m.next.Action == workflow.Configure && !m.deleting()
	m.before = append(m.before, TakeResults{Pipeline: m.next.Pipelines[i].Name, Run: r.Run, Work: work})
	m.taken, m.suspends = r.Run, r.Control.suspends()
	done := m.next.Action == workflow.Delete && !r.Control.suspends()
	switch {
	case m.cause() != noCause && !done:
		m.restart()
	case r.Control.suspends():
		m.suspend(i, r.Control)
	default:
		m.turn(i, PhaseSucceeded, Why{})
		m.next.Pipelines[i].Attempts = 0
		m.start(m.next.current())
	}
}

// suspend puts the label on before the status says so: a pipeline that the status calls
// suspended and that has no label counts as resumed by a person.
func (m *machine) suspend(i int, c Control) {
	m.label(LabelSuspended)
	m.before = append(m.before, CleanUp{})
	m.turn(i, PhaseSuspended, Why{ReasonPipelineSuspended, c.Message})
	m.next.SuspendedGeneration = m.Generation
	p := &m.next.Pipelines[i]
	if c.RetryAfter > 0 {
		p.NextRetryAt = m.Now.Add(c.RetryAfter).UTC().Truncate(time.Second)
		p.Attempts++
		m.requeue(p.NextRetryAt)
	} else {
		p.Attempts = 0
	}
	m.event(false, ReasonPipelineSuspended, detailed("Pipeline "+p.Name+" suspended the workflow", c.Message))
	until := "remove the label " + LabelSuspended + " to go on"
	if c.RetryAfter > 0 {
		until = "it goes on at " + p.NextRetryAt.Format(time.RFC3339) + ", or when the label " + LabelSuspended + " is removed"
	}
	m.event(true, ReasonWorkflowSuspended, "The workflow is suspended; "+until)
	m.ends(Suspended)
}
