// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"slices"
	"strings"
	"time"
)

// Availability is whether a Promise can fulfil requests.
type Availability string

// The availabilities; all but Available are reasons not to be.
const (
	PromiseAvailable   Availability = "PromiseAvailable"
	PromiseUnavailable Availability = "PromiseUnavailable"
	PromisePaused      Availability = "PausedReconciliation"
	PromiseSuspended   Availability = "WorkflowSuspended"
)

// SetAvailable writes the availability of a Promise into its status: condition, and
// status and lastAvailableTime with their copies below the key kratix. It returns an
// event if the Promise became available or ceased to be.
func SetAvailable(status map[string]any, a Availability, now time.Time) []Event {
	message := map[Availability]string{
		PromiseAvailable:   "Ready to fulfil resource requests",
		PromiseUnavailable: "Cannot fulfil resource requests",
		PromisePaused:      "Paused",
		PromiseSuspended:   "Suspended",
	}[a]
	c, text := Condition{ConditionAvailable, isFalse, string(a), message}, "Unavailable"
	if a == PromiseAvailable {
		c.Status, text = isTrue, "Available"
	}
	turned := GetCondition(status, ConditionAvailable).Status != c.Status
	SetCondition(status, c, now)
	kratix := child(status, "kratix")
	status["status"], kratix["status"] = text, text
	if !turned {
		return nil
	}
	if a == PromiseAvailable {
		status["lastAvailableTime"], kratix["lastAvailableTime"] = stamp(now), stamp(now)
		return []Event{{false, ReasonAvailable, message}}
	}
	return []Event{{true, ReasonUnavailable, message}}
}

// SetPromiseAvailable writes into a request's status whether its Promise is
// available; nothing, if it has been all along.
func SetPromiseAvailable(status map[string]any, available bool, now time.Time) {
	c := Condition{ConditionPromiseAvailable, isTrue, reasonPromiseAvailable, "Promise Requirements are met"}
	if !available {
		c = Condition{c.Type, isFalse, reasonPromiseUnavailable, "Promise Requirements are not installed"}
		if status["message"] == nil {
			status["message"] = MessagePending
		}
	}
	if available && GetCondition(status, c.Type).Type == "" {
		return
	}
	SetCondition(status, c, now)
}

// RequirementState is what was found of a required Promise.
type RequirementState string

// The states of a required Promise, as they appear in status.requiredPromises.
const (
	RequirementInstalled    RequirementState = "Requirement installed"
	RequirementMissing      RequirementState = "Requirement not installed"
	RequirementOtherVersion RequirementState = "Requirement not installed at the specified version"
	RequirementUnavailable  RequirementState = "Requirement not available"
	RequirementUnknown      RequirementState = "Requirement state unknown"
)

// Requirement is a Promise that another one requires.
type Requirement struct {
	Name, Version string
	State         RequirementState
}

// SetRequirements writes the required Promises into a Promise's status: list and
// condition. It tells whether all are fulfilled, and returns an event if the
// condition changed.
func SetRequirements(status map[string]any, required []Requirement, now time.Time) (fulfilled bool, events []Event) {
	list := []any{}
	var missing, unavailable []string
	for _, r := range required {
		list = append(list, map[string]any{"name": r.Name, "version": r.Version, "state": string(r.State)})
		switch r.State {
		case RequirementInstalled:
		case RequirementUnavailable:
			unavailable = append(unavailable, r.Name)
		default:
			missing = append(missing, r.Name)
		}
	}
	status["requiredPromises"] = list
	c := Condition{ConditionRequirements, isFalse, "", ""}
	switch {
	case missing != nil:
		c.Reason, c.Message = ReasonRequirementsNotMet, "Requirements not installed: "+sorted(missing)
	case unavailable != nil:
		c.Reason, c.Message = reasonRequirementsNotAvailable, "Requirements not available: "+sorted(unavailable)
	default:
		c.Status, c.Reason, c.Message = isTrue, reasonRequirementsInstalled, "Requirements fulfilled"
	}
	fulfilled = c.Status == isTrue
	if !SetCondition(status, c, now) {
		return fulfilled, nil
	}
	if fulfilled {
		return true, []Event{{false, ReasonRequirementsMet, c.Message}}
	}
	return false, []Event{{true, ReasonRequirementsNotMet, c.Message + "; install them, or correct spec.requiredPromises"}}
}

func sorted(names []string) string {
	return strings.Join(slices.Sorted(slices.Values(names)), ", ")
}
