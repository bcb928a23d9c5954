// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"slices"
	"time"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// cause is why a workflow has to start over.
type cause int

const (
	noCause cause = iota
	// patient: if containers of the user's are at work, the workflow starts over when their run
	// has ended.
	patient
	// urgent: the run is cancelled, and the workflow starts over at once.
	urgent
)

// cause looks for triggers (6.4). A label that a restart is already consuming is not a trigger
// any more.
func (m *machine) cause() cause {
	consuming := m.next.Trigger != ""
	switch {
	case m.has(LabelManual) && !consuming:
		return urgent
	case m.next.Action != m.Wanted.Action, m.next.Hash != m.Wanted.Hash, !slices.Equal(m.next.names(), m.Wanted.Pipelines):
		return patient
	case m.has(LabelRunFromStart) && !consuming && !m.deleting():
		return patient
	}
	return noCause
}

// restart begins a new round at the first pipeline. If a label asks for it, the decision writes
// that into the status, removes the label, and stops. Only the next decision submits a run. So a
// label that is put on at any time is followed by a run that starts after it.
func (m *machine) restart() {
	if m.next.Round > 0 && m.next.Action == m.Wanted.Action { // the first start tells enough
		m.event(false, ReasonReconcileStarted, "The "+string(m.next.Action)+" workflow starts over: "+m.why())
	}
	trigger := m.trigger()
	m.next = Status{
		Action:      m.Wanted.Action,
		Hash:        m.Wanted.Hash,
		Round:       m.nextRound(),
		Trigger:     trigger,
		LastSuccess: m.next.LastSuccess,
		Over:        m.over(),
	}
	for _, name := range m.Wanted.Pipelines {
		m.next.Pipelines = append(m.next.Pipelines, Pipeline{Name: name, Phase: PhasePending, LastTransition: m.second()})
	}
	if trigger == "" {
		m.start(0)
		return
	}
	m.cancelOthers()
	for _, key := range m.consumed() {
		m.after = append(m.after, RemoveLabel{key})
	}
	m.ends(Waiting)
	m.out.Again = true
}

// why says in an event why the workflow starts over.
func (m *machine) why() string {
	switch {
	case m.has(LabelManual):
		return "the label " + LabelManual + " asks for it"
	case !slices.Equal(m.next.names(), m.Wanted.Pipelines):
		return "the Promise lists other Pipelines"
	case m.next.Hash != m.Wanted.Hash:
		return m.changed()
	case m.has(LabelRunFromStart):
		return "a pause has ended, or the Promise has passed on that all its requests do"
	}
	return "the interval of " + m.Interval.String() + " has passed"
}

// changed says which part of the hash (6.2) is another one, as far as the generations tell.
func (m *machine) changed() string {
	switch {
	case m.Type == workflow.Promise || m.Completed != 0 && m.Completed != m.Generation:
		return "its spec has changed"
	case m.Completed == m.Generation:
		return "the spec of its Promise has changed, or the label kratix.io/dry-run"
	}
	return "its spec has changed, or that of its Promise"
}

// trigger is the strongest label that the restart consumes. The label of a suspension is the
// runner's own if a pipeline is suspended or is about to be. Otherwise a person holds the
// workflow with it.
func (m *machine) trigger() string {
	p, _ := m.next.Current()
	ours := p.Phase == PhaseSuspended || m.suspends || m.deleting() && m.next.Action != workflow.Delete
	switch {
	case m.has(LabelManual):
		return LabelManual
	case m.has(LabelSuspended) && ours:
		return LabelSuspended
	case m.next.Trigger != "":
		return m.next.Trigger
	case m.has(LabelRunFromStart), len(m.Wanted.Pipelines) == 0: // no run would show that it has yet to complete
		return LabelRunFromStart
	}
	return ""
}

// consumed are the labels to remove because of the trigger. A suspension stays unless the
// trigger overrules it. Then its label goes first: after a crash in between, the label that
// overrules it must still be there.
func (m *machine) consumed() []string {
	var keys []string
	if m.has(LabelSuspended) && (m.next.Trigger != LabelRunFromStart || m.has(LabelManual)) {
		keys = append(keys, LabelSuspended)
	}
	for _, key := range []string{LabelRunFromStart, LabelManual} {
		if m.has(key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (m *machine) nextRound() int { return max(m.next.Round, m.LastRound) + 1 }

// cancelOthers cancels every run that is not of this round, and names those that have yet to
// end.
func (m *machine) cancelOthers() []string {
	var waited []string
	for _, r := range m.Runs {
		switch {
		case !r.Active(), r.Name == m.taken, slices.Contains(m.next.Over, r.Name),
			slices.ContainsFunc(m.next.Pipelines, func(p Pipeline) bool { return p.Run == r.Name }):
		case r.Idle && (len(m.next.Pipelines) == 0 || m.waitedFor() >= abandonAfter): // without Pipelines, nothing starts beside it
			m.next.Over = append(m.next.Over, r.Name)
			m.event(true, ReasonRunAbandoned, r.where()+" counts as ended: it was told to end and none of its Pods is left, but its engine does not say so")
		default:
			m.after = append(m.after, Cancel{r.Name})
			waited = append(waited, r.where())
		}
	}
	return waited
}

// abandonAfter is how long an engine may take to say that a run has ended of which nothing is
// left.
const abandonAfter = time.Minute

// waitedFor is how long the pipeline whose turn it is has been waiting for its start.
func (m *machine) waitedFor() time.Duration {
	p, ok := m.next.Current()
	if !ok || p.LastTransition.IsZero() {
		return 0
	}
	return m.Now.Sub(p.LastTransition)
}

// over are the runs that nothing waits for: those whose results are safe, and those that have
// failed. It makes no difference when their engine ends them.
func (m *machine) over() []string {
	over := append(slices.Clone(m.next.Over), m.taken)
	for _, p := range m.next.Pipelines {
		if p.Phase == PhaseSucceeded || p.Phase == PhaseSuspended || p.Phase == PhaseFailed {
			over = append(over, p.Run)
		}
	}
	return m.stillActive(over)
}

// stillActive leaves out what the engine knows to be ended.
func (m *machine) stillActive(runs []string) []string {
	var active []string
	for _, r := range m.Runs {
		if r.Active() && slices.Contains(runs, r.Name) {
			active = append(active, r.Name)
		}
	}
	return active
}
