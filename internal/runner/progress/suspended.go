// SPDX-License-Identifier: Apache-2.0

package progress

import "time"

// suspended: the pipeline asked to be run again later. A manual label and a change of
// the object end that at once; other triggers wait until it is resumed (6.8).
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

// resume runs the pipeline again in a new round; those before it have succeeded.
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
