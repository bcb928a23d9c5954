// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"maps"
	"slices"
	"time"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// recheckAfter is how long to wait for an event that may have been missed.
const recheckAfter = 15 * time.Second

// Decide tells what to do next. Any Situation has an answer.
func Decide(s Situation) Decision {
	m := machine{Situation: s, next: s.Status.tidy(), labels: maps.Clone(s.Labels)}
	switch {
	case m.Paused && !m.deleting():
		m.pause()
	case m.next.Paused:
		m.unpause()
	default:
		m.step()
	}
	return m.decision()
}

// machine makes one Decision. The actions before the status is written are kept apart from
// those after it: the next decision must find its way also after a crash between the two.
type machine struct {
	Situation
	// next is the status to write.
	next Status
	// labels are the object's after the actions before the write.
	labels map[string]string
	// taken is the run whose results this decision takes; suspends is whether they ask to
	// suspend the workflow.
	taken         string
	suspends      bool
	before, after []Action
	out           Decision
}

// step acts by the phase of the first pipeline that has not succeeded.
func (m *machine) step() {
	i := m.next.current()
	if i == len(m.next.steps()) {
		m.succeeded()
		return
	}
	switch m.next.Pipelines[i].Phase {
	case PhaseRunning:
		m.running(i)
	case PhaseSuspended:
		m.suspended(i)
	case PhaseFailed:
		m.failed(i)
	default:
		m.pending(i)
	}
}

func (m *machine) decision() Decision {
	m.dropRecords()
	d := m.out
	d.Status = m.next
	d.Actions = slices.Clone(m.before)
	if !m.next.equal(m.Status) {
		d.Actions = append(d.Actions, WriteStatus{})
	}
	d.Actions = append(d.Actions, m.after...)
	return d
}

// dropRecords drops the records whose results are taken, and those that nothing waits for. It
// comes last: after a crash before it the results can be taken again.
func (m *machine) dropRecords() {
	for _, r := range m.Records {
		if !m.next.expects(r) {
			m.after = append(m.after, DropRecord{r.Run})
		}
	}
}

func (m *machine) deleting() bool { return m.Wanted.Action == workflow.Delete }

func (m *machine) has(label string) bool { return m.labels[label] == "true" }

// label puts a label on, before the status is written.
func (m *machine) label(key string) {
	if !m.has(key) {
		m.before = append(m.before, AddLabel{key})
	}
}

// unlabel removes a label that is there, before the status is written.
func (m *machine) unlabel(key string) {
	if m.has(key) {
		m.before = append(m.before, RemoveLabel{key})
		delete(m.labels, key)
	}
}

// run is the run of a pipeline, absent if there is none. A run that only has its name is not it.
func (m *machine) run(p Pipeline) Run {
	for _, r := range m.Runs {
		if r.Name == p.Run && (p.RunUID == "" || r.UID == p.RunUID) {
			return r
		}
	}
	return Run{Name: p.Run}
}

func (m *machine) record(p Pipeline) (Record, bool) {
	for _, r := range m.Records {
		if r.Run == p.Run && r.UID == p.RunUID {
			return r, true
		}
	}
	return Record{}, false
}

// turn moves a pipeline to another phase.
func (m *machine) turn(i int, phase Phase, why Why) {
	p := &m.next.Pipelines[i]
	if p.Phase != phase {
		p.Phase, p.LastTransition = phase, m.second()
	}
	p.Reason, p.Message = why.Reason, why.Message
}

// second is now in the precision of a status.
func (m *machine) second() time.Time { return m.Now.UTC().Truncate(time.Second) }

func (m *machine) ends(o Outcome) { m.out.Outcome = o }

// requeue asks for a decision at this time, or up to a second later: a status has whole
// seconds.
func (m *machine) requeue(at time.Time) {
	m.out.RequeueAfter = max(at.Sub(m.Now), time.Second)
}

func (m *machine) event(warning bool, reason, message string) {
	m.out.Events = append(m.out.Events, Event{warning, reason, message})
}
