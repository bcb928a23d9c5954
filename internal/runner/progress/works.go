// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"slices"
	"strings"
	"time"
)

// WorkState is how far the files of a Work have come.
type WorkState string

// The states of a Work. Ready are only files that are in their State Store.
const (
	WorkPending   WorkState = "Pending"
	WorkFailing   WorkState = "Failing"
	WorkMisplaced WorkState = "Misplaced"
	WorkReady     WorkState = "Ready"
)

// Work is a Work of an object.
type Work struct {
	Name  string
	State WorkState
}

// aboutWorks tells whether it was SetWorks that set Reconciled.
func aboutWorks(reason string) bool {
	return slices.Contains([]string{reasonReconciled, reasonDryRunSucceeded, reasonWorksPending, ReasonWorksFailing}, reason)
}

// SetWorks writes what has become of the Works of an object whose configure workflow
// has completed: the conditions WorksSucceeded and Reconciled (6.7). Unlike Kratix's,
// Reconciled is True only when the files are written. It returns events about what
// changed.
func SetWorks(status map[string]any, works []Work, dryRun bool, now time.Time) []Event {
	all, reconciled := summary(works)
	if dryRun && reconciled.Status == isTrue {
		reconciled.Reason, reconciled.Message = reasonDryRunSucceeded, messageDryRunIsDone
	}
	var events []Event
	was := GetCondition(status, ConditionWorksSucceeded).Status
	changed := SetCondition(status, all, now)
	if changed && (all.Status == isFalse || all.Status == isTrue && was == isFalse) { // what people have not heard yet
		events = append(events, Event{all.Status == isFalse, all.Reason, all.Message})
	}
	if SetCondition(status, reconciled, now) && reconciled.Status == isTrue {
		events = append(events, Event{false, ReasonReconcileSucceeded, "All files are in their State Stores"})
	}
	return events
}

// summary has the worst first: failing, pending, misplaced. A state that is not known counts as
// pending.
func summary(works []Work) (all, reconciled Condition) {
	names := map[WorkState][]string{}
	for _, w := range works {
		if !slices.Contains([]WorkState{WorkFailing, WorkMisplaced, WorkReady}, w.State) {
			w.State = WorkPending
		}
		names[w.State] = append(names[w.State], w.Name)
	}
	in := func(state WorkState) string {
		slices.Sort(names[state])
		return "[" + strings.Join(names[state], " ") + "]"
	}
	all.Type = ConditionWorksSucceeded
	failing := Condition{ConditionReconciled, isFalse, ReasonWorksFailing, messageFailing}
	switch {
	case len(names[WorkFailing]) > 0:
		all.Status, all.Reason, all.Message = isFalse, ReasonWorksFailing, "Works are failing: "+in(WorkFailing)
		reconciled = failing
	case len(names[WorkPending]) > 0:
		all.Status, all.Reason, all.Message = isUnknown, reasonWorksPending, "Works are pending: "+in(WorkPending)
		reconciled = Condition{ConditionReconciled, isUnknown, reasonWorksPending, "Pending"}
	case len(names[WorkMisplaced]) > 0:
		all.Status, all.Reason, all.Message = isFalse, ReasonWorksMisplaced, "Works are misplaced: "+in(WorkMisplaced)
		reconciled = failing
	default:
		all.Status, all.Reason, all.Message = isTrue, ReasonWorksSucceeded, "All Works are ready"
		reconciled = Condition{ConditionReconciled, isTrue, reasonReconciled, "Reconciled"}
	}
	return all, reconciled
}
