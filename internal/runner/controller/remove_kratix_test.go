// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// TestFinalizersOfKratix go with those of the runner, or what Kratix has worked on could
// never be deleted.
func TestFinalizersOfKratix(t *testing.T) {
	w := newWorld(t, promise(t, deleting(slices.Concat(finalizersAlways, finalizersAPI, finalizersKratix)...)), served(),
		thing(t, "a", "one", finalized(slices.Concat(finalizersRequest, finalizersKratix)...)), namespace("a"))
	_, err := w.reconcilePromise(t)
	require.NoError(t, err)
	w.step(t, "a", "one")
	assert.Nil(t, w.thing(t, "a", "one"))
	for range 2 {
		_, err = w.reconcilePromise(t)
		require.NoError(t, err)
	}
	assert.Nil(t, w.promise(t))
}

// TestWhatKratixRanSaysGoodbye: Kratix counts no rounds, but its Pipelines have run. The request does not
// go without its delete workflow because that cannot be planned.
func TestWhatKratixRanSaysGoodbye(t *testing.T) {
	for name, status := range map[string]map[string]any{
		"completed": {"conditions": []any{map[string]any{"type": "ConfigureWorkflowCompleted", "status": "True", "reason": "PipelinesExecutedSuccessfully"}}},
		"once":      {"kratix": map[string]any{"workflows": map[string]any{"lastSuccessfulConfigureWorkflowTime": "2026-01-01T00:00:00Z"}}},
		"under way": {"kratix": map[string]any{"workflows": map[string]any{"pipelines": []any{map[string]any{"name": "one", "phase": "Running"}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, promise(t, pipelines("resource", "delete", "bye"), miswritten("resource", "delete")),
				thing(t, "a", "one", deleting(finalizersRequest...), field(status, "status")), namespace("a"))
			w.step(t, "a", "one")
			request := w.thing(t, "a", "one")
			require.NotNil(t, request)
			assert.Contains(t, progress.GetCondition(newObject(request).status(), progress.ConditionReconciled).Message, "Pipelin")
		})
	}
}
