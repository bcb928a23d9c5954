// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

func TestSetCondition(t *testing.T) {
	theirs := map[string]any{"type": "Theirs", "status": "True"}
	status := map[string]any{"conditions": []any{"odd", theirs}}
	c := Condition{"Reconciled", "False", "WorksFailing", "Failing"}
	entry := func(message string, at time.Time) map[string]any {
		return map[string]any{"type": "Reconciled", "status": "False", "reason": "WorksFailing", "message": message, "lastTransitionTime": stamp(at)}
	}

	assert.True(t, SetCondition(status, c, noon))
	assert.Equal(t, []any{"odd", theirs, entry("Failing", noon)}, status["conditions"])
	assert.False(t, SetCondition(status, c, noon.Add(time.Hour)), "nothing changed")
	assert.Equal(t, []any{"odd", theirs, entry("Failing", noon)}, status["conditions"])

	c.Message = "Still failing"
	assert.True(t, SetCondition(status, c, noon.Add(time.Hour)))
	assert.Equal(t, []any{"odd", theirs, entry("Still failing", noon)}, status["conditions"], "no transition")
	c.Status = "True"
	SetCondition(status, c, noon.Add(2*time.Hour))
	assert.Equal(t, "2026-11-23T14:00:00Z", object(status["conditions"].([]any)[2])["lastTransitionTime"])
	assert.Equal(t, c, GetCondition(status, "Reconciled"))

	removeCondition(status, "Reconciled")
	assert.Equal(t, []any{"odd", theirs}, status["conditions"])
	assert.Equal(t, Condition{}, GetCondition(status, "Reconciled"))

	SetCondition(status, Condition{Type: "Theirs", Status: "True"}, noon)
	assert.Equal(t, "2026-11-23T12:00:00Z", object(status["conditions"].([]any)[1])["lastTransitionTime"], "a time that was missing")
	broken := map[string]any{"conditions": "x"}
	SetCondition(broken, c, noon)
	assert.Equal(t, c, GetCondition(broken, "Reconciled"))
}

// published is the status after a decision in the situation.
func published(t *testing.T, s Situation, before map[string]any) map[string]any {
	t.Helper()
	if before == nil {
		before = map[string]any{}
	}
	s.Status.Write(before)
	Decide(s).Publish(before, s)
	return before
}

// conditions of a status, without times, by type: "<status> <reason>: <message>".
func conditions(status map[string]any) map[string]string {
	out := map[string]string{}
	list, _ := status["conditions"].([]any)
	for _, e := range list {
		c := read(object(e))
		out[c.Type] = c.Status + " " + c.Reason + ": " + c.Message
	}
	return out
}

const (
	inProgress = "False PipelinesInProgress: Pipelines are still in progress"
	completed  = "True PipelinesExecutedSuccessfully: Pipelines completed"
)

// TestPublishConfigure holds conditions, counters and message against 6.5 to 6.9.
func TestPublishConfigure(t *testing.T) {
	fails := func(s *Situation) { s.Runs = []Run{{Name: "a-1", State: RunFailed, Text: "x failed: Error (1)"}} }
	for _, c := range []struct {
		name                  string
		state                 state
		given                 func(*Situation)
		message               string
		succeeded, failed     int64
		configure, reconciled string
	}{
		{"start", isNew, nothing, "Pending", 0, 0, inProgress, "Unknown WorkflowPending: Pending"},
		{"no slot", isNew, full, "Pending", 0, 0, inProgress, "Unknown WorkflowPending: Pending"},
		{"next", isRunning, record("a-1", Control{}), "Pending", 1, 0, inProgress, "Unknown WorkflowPending: Pending"},
		{"failure", isRunning, fails, "theirs", 0, 1, "False ConfigureWorkflowFailed: A Configure Pipeline has failed: a: x failed: Error (1)", "False ConfigureWorkflowFailed: Failing"},
		{"suspended", isRunning, record("a-1", Control{Suspend: true}), "theirs", 0, 0, inProgress, "Unknown WorkflowSuspended: Suspended"},
		{"held", isPending, label(LabelSuspended), "theirs", 1, 0, inProgress, "Unknown WorkflowSuspended: Suspended"},
		{"paused", isRunning, paused, "theirs", 0, 0, "", "Unknown PausedReconciliation: Paused"},
		{"unpaused", isPaused, nothing, "theirs", 0, 0, inProgress, "Unknown Unpaused: Pending"},
		{"completed", runningLast, record("b-1", Control{}), "theirs", 2, 0, completed, "Unknown WorksPending: Pending"},
		{"restart", hasCompleted, edited, "Pending", 0, 0, inProgress, "Unknown WorkflowPending: Pending"},
		{"deletion waits", isRunning, deleted("d"), "theirs", 0, 0, inProgress, "Unknown WorkflowPending: Pending"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := given(c.state, row{given: c.given})
			before := map[string]any{}
			if c.message == "theirs" || c.name == "next" || c.name == "restart" {
				before["message"] = "theirs"
			}
			status := published(t, s, before)
			want := map[string]string{"Reconciled": c.reconciled}
			if c.configure != "" {
				want["ConfigureWorkflowCompleted"] = c.configure
			}
			assert.Equal(t, want, conditions(status))
			assert.Equal(t, c.message, status["message"])
			assert.Equal(t, []any{int64(2), c.succeeded, c.failed}, []any{status["workflows"], status["workflowsSucceeded"], status["workflowsFailed"]})
		})
	}
}

func TestPublishEnd(t *testing.T) {
	s := given(runningLast, row{given: record("b-1", Control{})})
	status := published(t, s, map[string]any{"message": "Pending"})
	assert.Equal(t, "Resource requested", status["message"])
	assert.Equal(t, int64(2), status["observedGeneration"])
	assert.Equal(t, "2026-11-23T12:00:00Z", status["lastSuccessfulConfigureWorkflowTime"])

	s.Type = workflow.Promise
	status = published(t, s, map[string]any{"message": "Pending"})
	assert.Equal(t, "Promise configured", status["message"])
	assert.NotContains(t, status, "observedGeneration", "of a Promise it is set when its requests know")
	assert.NotContains(t, status, "lastSuccessfulConfigureWorkflowTime")

	status = published(t, given(isRunning, row{given: nothing}), nil)
	assert.NotContains(t, status, "observedGeneration")
}

func TestPublishDelete(t *testing.T) {
	for _, c := range []struct {
		name  string
		given func(*Situation)
		want  string
	}{
		{"running", nothing, ""},
		{"failed", func(s *Situation) { s.Runs = []Run{{Name: "d-1", State: RunFailed, Text: "x failed"}} }, "False DeleteWorkflowFailed: The Delete Pipeline has failed: x failed"},
		{"suspended", record("d-1", Control{Suspend: true}), "False DeleteWorkflowSuspended: The delete workflow is suspended"},
		{"succeeded", record("d-1", Control{}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			status := map[string]any{"workflows": int64(5)}
			SetCondition(status, Condition{ConditionDeleteCompleted, isFalse, "DeleteWorkflowFailed", "an earlier one"}, noon)
			status = published(t, given(deleting, row{given: c.given}), status)
			assert.Equal(t, c.want, conditions(status)["DeleteWorkflowCompleted"])
			assert.NotContains(t, conditions(status), "ConfigureWorkflowCompleted")
			assert.Equal(t, int64(5), status["workflows"], "counters are of the configure workflow")
		})
	}
}

// A pipeline's own words last until the next one starts.
func TestMessage(t *testing.T) {
	s := given(isRunning, row{given: func(s *Situation) { s.Runs[0].Text = "pulls its image" }})
	status := published(t, s, map[string]any{"message": "theirs"})
	require.Equal(t, "pulls its image", Read(status).Pipelines[0].Message)
	assert.Equal(t, "theirs", status["message"], "the pipeline had started before")
}

func TestSetWorks(t *testing.T) {
	for _, c := range []struct {
		name            string
		works           []Work
		all, reconciled string
		reasons         []string
	}{
		{"none", nil, "True WorksSucceeded: All Works are ready", "True Reconciled: Reconciled", []string{"ReconcileSucceeded"}},
		{"ready", []Work{{"a", WorkReady}}, "True WorksSucceeded: All Works are ready", "True Reconciled: Reconciled", []string{"ReconcileSucceeded"}},
		{"misplaced", []Work{{"a", WorkReady}, {"b", WorkMisplaced}}, "False WorksMisplaced: Works are misplaced: [b]", "False WorksFailing: Failing", []string{"WorksMisplaced"}},
		{"pending", []Work{{"a", WorkPending}, {"b", WorkMisplaced}}, "Unknown WorksPending: Works are pending: [a]", "Unknown WorksPending: Pending", nil},
		{"unknown is pending", []Work{{"a", "Dancing"}}, "Unknown WorksPending: Works are pending: [a]", "Unknown WorksPending: Pending", nil},
		{"failing", []Work{{"c", WorkFailing}, {"b", WorkPending}, {"a", WorkFailing}}, "False WorksFailing: Works are failing: [a c]", "False WorksFailing: Failing", []string{"WorksFailing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status := map[string]any{}
			var reasons []string
			for _, e := range SetWorks(status, c.works, false, noon) {
				reasons = append(reasons, e.Reason)
			}
			assert.Equal(t, map[string]string{"WorksSucceeded": c.all, "Reconciled": c.reconciled}, conditions(status))
			assert.Equal(t, c.reasons, reasons)
			assert.Empty(t, SetWorks(status, c.works, false, noon.Add(time.Hour)), "nothing changed")
		})
	}
}

func TestWorksThatRecover(t *testing.T) {
	status := map[string]any{}
	SetWorks(status, []Work{{"a", WorkFailing}}, false, noon)
	assert.Equal(t, []Event{
		{false, "WorksSucceeded", "All Works are ready"},
		{false, "ReconcileSucceeded", "All files are in their State Stores"},
	}, SetWorks(status, []Work{{"a", WorkReady}}, false, noon))
}

// TestDryRun: a dry run is not taken for the request itself, whatever a Pipeline has written.
func TestDryRun(t *testing.T) {
	s := given(runningLast, row{given: record("b-1", Control{})})
	s.Labels = map[string]string{"kratix.io/dry-run": "true"}
	status := published(t, s, map[string]any{"message": "theirs"})
	assert.Equal(t, "Dry run executed", status["message"])
	SetWorks(status, []Work{{"a", WorkFailing}}, true, noon)
	assert.Equal(t, "False WorksFailing: Failing", conditions(status)["Reconciled"])
	events := SetWorks(status, nil, true, noon)
	assert.Equal(t, "True DryRunSucceeded: Dry run completed", conditions(status)["Reconciled"])
	assert.Equal(t, "ReconcileSucceeded", events[len(events)-1].Reason)
	completed := given(hasCompleted, row{given: nothing})
	completed.Labels = s.Labels
	assert.Equal(t, "True DryRunSucceeded: Dry run completed", conditions(published(t, completed, status))["Reconciled"], "it stays")

	s.Type = workflow.Promise
	assert.Equal(t, "theirs", published(t, s, map[string]any{"message": "theirs"})["message"], "only requests have dry runs")
}

// What SetWorks said of a completed workflow stays, until a workflow starts.
func TestReconciledBelongsToTheWorks(t *testing.T) {
	status := map[string]any{}
	SetWorks(status, nil, false, noon)
	status = published(t, given(hasCompleted, row{given: nothing}), status)
	assert.Equal(t, "True Reconciled: Reconciled", conditions(status)["Reconciled"])
	status = published(t, given(hasCompleted, row{given: label(LabelManual)}), status)
	assert.Equal(t, "Unknown WorkflowPending: Pending", conditions(status)["Reconciled"])
}

func TestSetAvailable(t *testing.T) {
	status := map[string]any{}
	steps := []struct {
		a                       Availability
		condition, text, reason string
	}{
		{PromiseUnavailable, "False PromiseUnavailable: Cannot fulfil resource requests", "Unavailable", "Unavailable"},
		{PromiseAvailable, "True PromiseAvailable: Ready to fulfil resource requests", "Available", "Available"},
		{PromiseAvailable, "True PromiseAvailable: Ready to fulfil resource requests", "Available", ""},
		{PromisePaused, "False PausedReconciliation: Paused", "Unavailable", "Unavailable"},
		{PromiseSuspended, "False WorkflowSuspended: Suspended", "Unavailable", ""},
	}
	for n, step := range steps {
		events := SetAvailable(status, step.a, noon.Add(time.Duration(n)*time.Hour))
		assert.Equal(t, step.condition, conditions(status)["Available"])
		assert.Equal(t, step.text, status["status"])
		assert.Equal(t, step.text, object(status["kratix"])["status"])
		if step.reason == "" {
			assert.Empty(t, events)
		} else {
			require.Len(t, events, 1)
			assert.Equal(t, step.reason, events[0].Reason)
		}
	}
	assert.Equal(t, "2026-11-23T13:00:00Z", status["lastAvailableTime"], "when it became available")
	assert.Equal(t, "2026-11-23T13:00:00Z", object(status["kratix"])["lastAvailableTime"])
}

func TestSetPromiseAvailable(t *testing.T) {
	status := map[string]any{}
	SetPromiseAvailable(status, true, noon)
	assert.Empty(t, status, "it was never unavailable")
	SetPromiseAvailable(status, false, noon)
	assert.Equal(t, map[string]string{"PromiseAvailable": "False PromiseRequirementsNotInstalled: Promise Requirements are not installed"}, conditions(status))
	assert.Equal(t, "Pending", status["message"])
	SetPromiseAvailable(status, true, noon)
	assert.Equal(t, map[string]string{"PromiseAvailable": "True PromiseAvailable: Promise Requirements are met"}, conditions(status))
}

func TestSetRequirements(t *testing.T) {
	met, missing, old, down := Requirement{"a", "v1", RequirementInstalled}, Requirement{"b", "", RequirementMissing},
		Requirement{"c", "v2", RequirementOtherVersion}, Requirement{"d", "", RequirementUnavailable}
	for _, c := range []struct {
		name string
		list []Requirement
		want string
	}{
		{"none", nil, "True RequirementsInstalled: Requirements fulfilled"},
		{"met", []Requirement{met}, "True RequirementsInstalled: Requirements fulfilled"},
		{"missing", []Requirement{met, missing}, "False RequirementsNotInstalled: Requirements not installed: b"},
		{"unavailable", []Requirement{down, met}, "False RequirementsNotAvailable: Requirements not available: d"},
		{"both", []Requirement{down, old, missing}, "False RequirementsNotInstalled: Requirements not installed: b, c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status := map[string]any{}
			fulfilled, events := SetRequirements(status, c.list, noon)
			assert.Equal(t, map[string]string{"RequirementsFulfilled": c.want}, conditions(status))
			assert.Equal(t, c.want[0] == 'T', fulfilled)
			assert.Len(t, events, 1)
			assert.Len(t, status["requiredPromises"], len(c.list))
			again, events := SetRequirements(status, c.list, noon.Add(time.Hour))
			assert.Equal(t, fulfilled, again)
			assert.Empty(t, events)
		})
	}
	status := map[string]any{}
	SetRequirements(status, []Requirement{old}, noon)
	assert.Equal(t, []any{map[string]any{"name": "c", "version": "v2", "state": "Requirement not installed at the specified version"}}, status["requiredPromises"])
}
