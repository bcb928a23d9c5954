// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"slices"
	"time"
)

// The types of conditions on requests and Promises (6.7).
const (
	ConditionConfigureCompleted = "ConfigureWorkflowCompleted"
	ConditionDeleteCompleted    = "DeleteWorkflowCompleted"
	ConditionWorksSucceeded     = "WorksSucceeded"
	ConditionReconciled         = "Reconciled"
	ConditionPromiseAvailable   = "PromiseAvailable"      // requests only
	ConditionAvailable          = "Available"             // Promises only
	ConditionRequirements       = "RequirementsFulfilled" // Promises only
)

// The states of a condition.
const (
	isTrue    = "True"
	isFalse   = "False"
	isUnknown = "Unknown"
)

// Condition is one entry of status.conditions, without its time.
type Condition struct{ Type, Status, Reason, Message string }

// Explains tells whether a condition is False and says why. Reconciled leaves that to another
// condition while a Pipeline or a Work fails. Only its message tells: the reason is the same for a
// Promise that cannot be compiled, and then Reconciled itself says why.
func (c Condition) Explains() bool {
	return c.Status == isFalse && c.Message != "" && c.Message != messageFailing
}

// SetCondition puts a condition into an object's status and tells whether it
// changed. lastTransitionTime moves with the status only. Users' containers write
// there too: entries of other types stay, in their order.
func SetCondition(status map[string]any, c Condition, now time.Time) bool {
	list, _ := status["conditions"].([]any)
	at := slices.IndexFunc(list, func(e any) bool { return text(object(e)["type"]) == c.Type })
	since := now
	if at >= 0 {
		old := object(list[at])
		if read(old) == c && !moment(old["lastTransitionTime"]).IsZero() {
			return false
		}
		if t := moment(old["lastTransitionTime"]); text(old["status"]) == c.Status && !t.IsZero() {
			since = t
		}
	} else {
		at, list = len(list), append(slices.Clip(list), nil)
	}
	list[at] = map[string]any{
		"type": c.Type, "status": c.Status, "reason": c.Reason, "message": c.Message,
		"lastTransitionTime": stamp(since),
	}
	status["conditions"] = list
	return true
}

// GetCondition finds a condition by its type; its Type is empty if there is none.
func GetCondition(status map[string]any, kind string) Condition {
	list, _ := status["conditions"].([]any)
	for _, e := range list {
		if c := read(object(e)); c.Type == kind {
			return c
		}
	}
	return Condition{}
}

func removeCondition(status map[string]any, kind string) {
	list, _ := status["conditions"].([]any)
	kept := slices.DeleteFunc(slices.Clone(list), func(e any) bool { return text(object(e)["type"]) == kind })
	if len(kept) < len(list) {
		status["conditions"] = kept
	}
}

func read(e map[string]any) Condition {
	return Condition{text(e["type"]), text(e["status"]), text(e["reason"]), text(e["message"])}
}
