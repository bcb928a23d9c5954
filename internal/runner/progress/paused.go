// SPDX-License-Identifier: Apache-2.0

package progress

import "github.com/kratix-compile/kratix-compile/translate/workflow"

// pause leaves everything as it is, active runs too (6.9).
func (m *machine) pause() {
	if !m.next.Paused {
		m.next.Paused = true
		m.event(true, ReasonPaused, "The object is paused until the label "+LabelPaused+" is removed from it, or from its Promise")
	}
	m.ends(Paused)
}

// unpause starts over, with labels: unlike the status they can wait for an active run.
func (m *machine) unpause() {
	if m.next.Action != "" && !m.deleting() {
		m.label(LabelRunFromStart)
		if m.Type == workflow.Promise {
			m.label(LabelReconcileResources)
		}
	}
	m.next.Paused = false
	m.ends(Waiting)
	m.out.Again = true
}
