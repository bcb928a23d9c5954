// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// TestRequestThatWaits: it says once what for, and what keeps the Promise.
func TestRequestThatWaits(t *testing.T) {
	condition := func(kind, status, reason, message string) map[string]any {
		return map[string]any{"type": kind, "status": status, "reason": reason, "message": message}
	}
	const unavailable = "Waiting for the Promise to be available"
	down := condition("Available", "False", "PromiseUnavailable", "Cannot fulfil resource requests")
	for name, c := range map[string]struct {
		conditions []any
		want       string
	}{
		"no condition":       {nil, unavailable},
		"nothing to say":     {[]any{down}, unavailable},
		"another Promise":    {[]any{down, condition("RequirementsFulfilled", "False", "RequirementsNotInstalled", "Requirements not installed: b")}, unavailable + ": Requirements not installed: b"},
		"no engine":          {[]any{down, condition("Reconciled", "False", "EngineMissing", "no TaskRuns")}, unavailable + ": no TaskRuns"},
		"its workflow":       {[]any{down, condition("ConfigureWorkflowCompleted", "False", "PipelinesInProgress", "Pipelines are still in progress"), condition("Reconciled", "Unknown", "WorkflowPending", "Pending")}, unavailable + ": Pipelines are still in progress"},
		"its workflow fails": {[]any{down, condition("Reconciled", "False", "ConfigureWorkflowFailed", "Failing"), condition("ConfigureWorkflowCompleted", "False", "ConfigureWorkflowFailed", "A Configure Pipeline has failed: x")}, unavailable + ": A Configure Pipeline has failed: x"},
		"its log":            {[]any{down, condition("ConfigureWorkflowCompleted", "False", "ConfigureWorkflowFailed", "A Configure Pipeline has failed: x"+state.LogMark+"a secret")}, unavailable + ": A Configure Pipeline has failed: x"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, promise(t, field(c.conditions, "status", "conditions")), thing(t, "a", "one"), namespace("a"))
			w.step(t, "a", "one")
			assert.Equal(t, []string{c.want}, w.notes.all)
			found := progress.GetCondition(newObject(w.thing(t, "a", "one")).status(), progress.ConditionReconciled)
			assert.Equal(t, progress.Condition{Type: "Reconciled", Status: "Unknown", Reason: "WorkflowPending", Message: c.want}, found)
			clear(w.writes)
			w.step(t, "a", "one")
			assert.Len(t, w.notes.all, 1)
			assert.Empty(t, w.writes)
		})
	}
}

// TestRequestThatStartsOver tells why. It does not wait for the engine to notice that the
// earlier run has ended, whose results are safe.
func TestRequestThatStartsOver(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.complete(t, "one")
	w.notes.all = nil
	w.edit(t, w.thing(t, "a", "one"), field("large", "spec", "size"), field(int64(2), "metadata", "generation"))
	w.step(t, "a", "one")
	started := "Pipeline one started as " + w.run(t, "a", "a", "one").GetName()
	assert.Equal(t, []string{"The configure workflow starts over: its spec has changed", started}, w.notes.all)
}

// TestInvalidIsLookedAtAgain, though rarely: the annotation of a namespace chooses the engine, and no
// event tells that it has changed.
func TestInvalidIsLookedAtAgain(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	w.edit(t, w.promise(t), miswritten("resource", "configure"))
	result, err := w.reconcile(t, "a", "one")
	require.NoError(t, err)
	assert.Equal(t, rarely, result.RequeueAfter)
}
