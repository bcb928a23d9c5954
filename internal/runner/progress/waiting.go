// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// pause leaves everything as it is, active runs too (6.9).
func (m *machine) pause() {
	if !m.next.Paused {
		m.next.Paused = true
		m.event(true, ReasonPaused, "The object is paused until the label "+LabelPaused+" is removed from it, or from its Promise")
	}
	m.ends(Paused)
}

// unpause lets the workflow start over by a label: that can wait until an active run has ended.
// A suspended workflow starts over, too, and so the label of the suspension goes (6.9). It goes
// last: without the other label, the workflow would only be resumed.
func (m *machine) unpause() {
	if m.next.Action != "" && !m.deleting() {
		m.label(LabelRunFromStart)
		m.unlabel(LabelSuspended)
		if m.Type == workflow.Promise {
			m.label(LabelReconcileResources)
		}
	}
	m.next.Paused = false
	m.ends(Waiting)
	m.out.Again = true
}

// suspended: the pipeline asked to be run again later. The manual label and a change of the
// object end that at once. Other triggers wait until the workflow is resumed (6.8).
func (m *machine) suspended(i int) {
	p := m.next.Pipelines[i]
	retry := !p.NextRetryAt.IsZero() && !m.Now.Before(p.NextRetryAt)
	changed := m.next.SuspendedGeneration != 0 && m.Generation > m.next.SuspendedGeneration
	switch {
	case m.has(LabelManual), changed, m.next.Action != m.Wanted.Action:
		m.restart()
	case m.has(LabelSuspended) && !retry:
		m.ends(Suspended)
		if !p.NextRetryAt.IsZero() {
			m.requeue(p.NextRetryAt)
		}
	default:
		m.unlabel(LabelSuspended)
		m.resume(i)
	}
}

// resume runs the pipeline again in a new round. Those before it have succeeded and stay so.
func (m *machine) resume(i int) {
	if m.cause() != noCause {
		m.restart()
		return
	}
	m.next.Round = m.nextRound()
	m.next.SuspendedGeneration = 0
	m.turn(i, PhasePending, Why{})
	m.next.Pipelines[i].NextRetryAt = time.Time{}
	m.start(i)
}

// pending: the pipeline waits for its start.
func (m *machine) pending(i int) {
	if m.cause() != noCause {
		m.restart()
		return
	}
	m.start(i)
}

// start submits a pipeline, unless a run of an earlier round is still active, a person holds the
// workflow with the label, or nothing may start now. If i is beyond the last pipeline, the
// workflow is complete.
func (m *machine) start(i int) {
	last := i == len(m.next.steps())
	if !last || i == 0 {
		if others := m.cancelOthers(); len(others) > 0 {
			m.waits(i, Why{ReasonWaitingForRun, "Waiting for an earlier run to end, which was told to: " + strings.Join(others, ", ") +
				". If it never does, see whether its engine's controller runs, or delete it"})
			return
		}
	}
	if m.next.Trigger != "" {
		for _, key := range m.consumed() {
			m.unlabel(key)
		}
	}
	switch {
	case last:
		m.complete()
	case m.has(LabelSuspended):
		m.turn(i, PhasePending, Why{ReasonHeld, "Waiting for the label " + LabelSuspended + " to be removed"})
		m.ends(Suspended)
	case m.Hold != Why{}:
		m.waits(i, m.Hold)
	default:
		m.submit(i)
	}
}

func (m *machine) waits(i int, why Why) {
	if i < len(m.next.Pipelines) {
		m.turn(i, PhasePending, why)
	}
	m.ends(Waiting)
	m.out.RequeueAfter = recheckAfter
}

// submit names the run in the status before it is created. After a crash in between the run is
// missing, and is submitted again under that name.
func (m *machine) submit(i int) {
	m.turn(i, PhaseRunning, Why{})
	p := &m.next.Pipelines[i]
	m.next.Over = m.stillActive(append(m.next.Over, p.Run))
	p.Run, p.RunNamespace, p.RunUID = m.RunName(p.Name, m.next.Round), m.RunNamespace, ""
	m.next.Trigger = ""
	m.after = append(m.after, Submit{Pipeline: p.Name, Round: m.next.Round, Run: p.Run})
	m.event(false, ReasonPipelineStarted, "Pipeline "+p.Name+" started as "+p.Run)
	m.ends(Running)
}
