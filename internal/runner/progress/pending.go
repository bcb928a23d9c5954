// SPDX-License-Identifier: Apache-2.0

package progress

import "strings"

// pending: the pipeline waits for its start.
func (m *machine) pending(i int) {
	if m.cause() != noCause {
		m.restart()
		return
	}
	m.start(i)
}

// start submits a pipeline, unless something of an earlier round is still active,
// someone holds the workflow with the label, or there is no room. No pipeline is left
// if i is beyond the last.
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
	m.out.RequeueAfter = patience
}

// submit names the run in the status first: if the run is then missing, it is
// submitted again under that name.
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
