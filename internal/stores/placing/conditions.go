// SPDX-License-Identifier: Apache-2.0

package placing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/quote"
)

// The types of conditions on Works and WorkPlacements.
const (
	ConditionScheduled = "ScheduleSucceeded"
	ConditionWritten   = "WriteSucceeded" // WorkPlacements only
	ConditionReady     = "Ready"
)

const (
	// ReasonUnplaced is that of a Work with a group that matches no Destination.
	ReasonUnplaced = "UnscheduledWorkloads"

	reasonMismatch  = "DestinationSelectorMismatch"
	reasonMisplaced = "Misplaced"
	reasonFailing   = "WorkplacementsFailing"

	messagePending   = "Pending"
	messageFailing   = "Failing"
	messageMisplaced = "Misplaced"
	messageReady     = "Ready"

	// messageScheduled is that of a WorkPlacement's ConditionScheduled when it waits for nothing.
	messageScheduled = "Scheduled to correct Destination"
)

// status is that of Kratix, field by field (docs/kratix-contract.md 8.5). It names only the worst: first what fails, then what has no place, then what is misplaced.
func (s *placer) status() v1alpha1.WorkStatus {
	status := s.Work.Status.DeepCopy()
	status.ObservedGeneration = s.Work.Generation
	status.WorkPlacements = len(s.Work.Spec.WorkloadGroups)
	status.WorkPlacementsCreated = status.WorkPlacements - len(s.unplaced)
	scheduled := metav1.Condition{Type: ConditionScheduled, Status: metav1.ConditionFalse}
	ready := metav1.Condition{Type: ConditionReady, Status: metav1.ConditionFalse}
	failing := s.failing()
	switch {
	case len(failing) > 0:
		scheduled.Reason, scheduled.Message = reasonFailing, "Workplacements failed to write: "+list(failing)
		ready.Message = messageFailing
	case len(s.refused) > 0:
		scheduled.Reason = reasonNotPlaced
		scheduled.Message = "The ids of these workloadGroups begin like that of another one; rename their directories: " + list(s.refused)
		ready.Message = messagePending
	case len(s.unplaced) > 0:
		scheduled.Reason, scheduled.Message = ReasonUnplaced, "No matching destination found for workloadGroups: "+list(s.unplaced)
		ready.Message = messagePending
	case len(s.misplaced) > 0:
		scheduled.Reason, scheduled.Message = reasonMismatch, "Target destination no longer matches destinationSelectors for workloadGroups: "+list(s.misplaced)
		ready.Reason, ready.Message = reasonMisplaced, messageMisplaced
	default:
		scheduled.Status, ready.Status = metav1.ConditionTrue, metav1.ConditionTrue
		scheduled.Reason, scheduled.Message = "AllWorkplacementsScheduled", "All workplacements scheduled successfully"
		ready.Message = messageReady
	}
	if ready.Reason == "" {
		ready.Reason = scheduled.Reason
	}
	set(&status.Conditions, s.Now, scheduled, ready)
	return *status
}

const reasonNotPlaced = "FailedToScheduleWorkloads"

// NotPlaced is the status of a Work whose plan could not be carried out.
func NotPlaced(w *v1alpha1.Work, err error, now time.Time) v1alpha1.WorkStatus {
	status := w.Status.DeepCopy()
	status.ObservedGeneration = w.Generation
	set(&status.Conditions, now,
		metav1.Condition{Type: ConditionScheduled, Status: metav1.ConditionFalse, Reason: reasonNotPlaced, Message: err.Error()},
		metav1.Condition{Type: ConditionReady, Status: metav1.ConditionFalse, Reason: reasonNotPlaced, Message: messagePending})
	return *status
}

// Attempt is how the last attempt to write the files of a WorkPlacement has ended. Err says why it
// failed, and Waiting why there was none. If both are empty, the files are written.
type Attempt struct {
	Err     error
	Waiting string
	// VersionID is the version of the State Store that has the files.
	VersionID string
}

// After is the status of a WorkPlacement after an attempt to write it.
func After(p *v1alpha1.WorkPlacement, a Attempt, now time.Time) v1alpha1.WorkPlacementStatus {
	status := p.Status.DeepCopy()
	status.WrittenGeneration = writtenGeneration(p)
	scheduled := metav1.Condition{Type: ConditionScheduled, Status: metav1.ConditionTrue, Reason: "ScheduledToDestination", Message: messageScheduled}
	ready := metav1.Condition{Type: ConditionReady, Status: metav1.ConditionTrue, Reason: "WorkloadsWrittenToTargetDestination", Message: messageReady}
	conditions := []metav1.Condition{}
	switch {
	case a.Err != nil:
		conditions = append(conditions, metav1.Condition{Type: ConditionWritten, Status: metav1.ConditionFalse, Reason: "WorkloadsFailedWrite", Message: quote.Cut(a.Err.Error(), MaxMessage)})
		ready.Status, ready.Reason, ready.Message = metav1.ConditionFalse, "WorkloadsFailedWrite", messageFailing
	case a.Waiting != "":
		scheduled.Message = quote.Cut(a.Waiting, MaxMessage)
		ready.Status, ready.Reason, ready.Message = metav1.ConditionFalse, "ScheduledToDestination", messagePending
	default:
		conditions = append(conditions, metav1.Condition{Type: ConditionWritten, Status: metav1.ConditionTrue, Reason: "WorkloadsWrittenToStateStore", Message: "Workloads written to State Store"})
		status.VersionID, status.WrittenGeneration = a.VersionID, p.Generation
	}
	if p.Labels[LabelMisplaced] == "true" {
		scheduled.Status, scheduled.Reason, scheduled.Message = metav1.ConditionFalse, reasonMismatch, "Target destination no longer matches destinationSelectors"
		if a.Err == nil {
			ready.Status, ready.Reason, ready.Message = metav1.ConditionFalse, reasonMisplaced, messageMisplaced
		}
	}
	set(&status.Conditions, now, append(conditions, scheduled, ready)...)
	return *status
}

// Readiness is how far the files of a Work have come, by its condition Ready: Pending, Failing,
// Misplaced or Ready. Ready are files that have a place, whether they are written or not, as in
// Kratix. It goes by the reason, which Kratix writes as well (docs/kratix-contract.md 8.5).
func Readiness(w *v1alpha1.Work) string {
	ready := meta.FindStatusCondition(w.Status.Conditions, ConditionReady)
	switch {
	case ready == nil:
		return messagePending
	case ready.Status == metav1.ConditionTrue:
		return messageReady
	case ready.Reason == reasonFailing:
		return messageFailing
	case ready.Reason == reasonMisplaced:
		return messageMisplaced
	}
	return messagePending
}

// WaitsFor is what a WorkPlacement waits for before its files can be written; empty if nobody has
// said. This is the only place that reads it from the message: the reason of the condition is
// Kratix's, and the same in all cases.
func WaitsFor(p *v1alpha1.WorkPlacement) string {
	scheduled := meta.FindStatusCondition(p.Status.Conditions, ConditionScheduled)
	if scheduled == nil || scheduled.Message == messageScheduled {
		return ""
	}
	return scheduled.Message
}

// Written tells whether the State Store has the files of a WorkPlacement as it is now.
func Written(p *v1alpha1.WorkPlacement) bool {
	return meta.IsStatusConditionTrue(p.Status.Conditions, ConditionWritten) && writtenGeneration(p) == p.Generation
}

// Rewriting tells whether the files that were written last are of an earlier generation of the
// WorkPlacement. It is false if nobody says which generation was written, as in Kratix.
func Rewriting(p *v1alpha1.WorkPlacement) bool {
	written := writtenGeneration(p)
	return written != 0 && written != p.Generation
}

// Unseen tells whether the status of a Work is about an earlier generation of it. It is false if
// nobody says which one, as in Kratix.
func Unseen(w *v1alpha1.Work) bool {
	observed := w.Status.ObservedGeneration
	if c := meta.FindStatusCondition(w.Status.Conditions, ConditionReady); observed == 0 && c != nil {
		observed = c.ObservedGeneration // of an older runner
	}
	return observed != 0 && observed != w.Generation
}

// writtenGeneration is 0 if nobody says it. Older runners have it in the condition.
func writtenGeneration(p *v1alpha1.WorkPlacement) int64 {
	c := meta.FindStatusCondition(p.Status.Conditions, ConditionWritten)
	if p.Status.WrittenGeneration == 0 && c != nil && c.Status == metav1.ConditionTrue {
		return c.ObservedGeneration
	}
	return p.Status.WrittenGeneration
}

// set changes only what differs. The time changes only when the status does. No condition has a
// generation, as in Kratix, because people compare whole conditions; those of older runners lose it.
func set(all *[]metav1.Condition, now time.Time, conditions ...metav1.Condition) {
	for i := range *all {
		(*all)[i].ObservedGeneration = 0
	}
	for _, c := range conditions {
		c.LastTransitionTime = metav1.NewTime(now)
		meta.SetStatusCondition(all, c)
	}
}

// MaxMessage, in bytes, and maxListed keep messages readable, and below the limit of the API server.
const (
	MaxMessage = 4096
	maxListed  = 20
)

func list(names []string) string {
	if more := len(names) - maxListed; more > 0 {
		names = append(slices.Clone(names[:maxListed]), fmt.Sprintf("and %d more", more))
	}
	return "[" + strings.Join(names, ",") + "]"
}
