// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// succeeded: no pipeline is left to run. A delete workflow is then over for good.
func (m *machine) succeeded() {
	deleted := m.deleting() && m.next.Action == workflow.Delete
	switch {
	case !deleted && m.cause() != noCause:
		m.restart()
	case m.next.Trigger != "": // an empty list that has yet to complete
		m.start(m.next.current())
	case m.due():
		m.restart()
	default:
		m.ends(Completed)
		m.again()
	}
}

// failed: the pipeline ended without results. Nothing but a trigger, or the interval,
// runs it again; results that arrive late still count.
func (m *machine) failed(i int) {
	if r, ok := m.record(m.next.Pipelines[i]); ok && r.Fault == "" {
		m.harvested(i, r)
		return
	}
	if m.cause() != noCause || m.RetryFailed && m.due() {
		m.restart()
		return
	}
	m.ends(Failed)
	if m.RetryFailed {
		m.again()
	}
}

// complete is the end of the last pipeline. Cleaning up comes before the status is written:
// after that, nothing would say that it is still to be done.
func (m *machine) complete() {
	m.next.Trigger = ""
	if m.next.Action == workflow.Configure {
		m.before = append(m.before, CleanUp{Works: true})
		m.next.LastSuccess = m.second()
	}
	m.ends(Completed)
	m.again()
}

func (m *machine) fail(i int, why Why) {
	name := m.next.Pipelines[i].Name
	m.turn(i, PhaseFailed, why)
	m.before = append(m.before, CleanUp{})
	m.ends(Failed)
	if m.next.Action == workflow.Delete {
		m.event(true, ReasonDeleteFailed, "The delete pipeline "+name+" has failed: "+why.Message)
		return
	}
	m.event(true, ReasonConfigureFailed, "A Configure Pipeline has failed: "+name+": "+why.Message)
	if m.RetryFailed {
		m.again()
	}
}

// due tells whether the interval since the workflow ended has passed (6.4).
func (m *machine) due() bool {
	return m.interval() && !m.Now.Before(m.next.ended().Add(m.Interval))
}

// again decides anew when the interval will have passed.
func (m *machine) again() {
	if m.interval() {
		m.requeue(m.next.ended().Add(m.Interval))
	}
}

func (m *machine) interval() bool { return m.Interval > 0 && !m.deleting() }
