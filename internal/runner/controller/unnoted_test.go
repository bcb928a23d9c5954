// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// TestEngineChosenBeforeTheRunIsNoted: the runner is killed after it has created a run, and before the
// next one starts somebody chooses the other engine. The Pipeline runs on the first one, once.
func TestEngineChosenBeforeTheRunIsNoted(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	run := w.unnoted(t)
	w.edit(t, w.promise(t), annotated(AnnotationEngine, "argo"))
	w.step(t, "a", "one")
	current, _ := w.workflow(t, "a", "one").Current()
	assert.Equal(t, string(run.GetUID()), current.RunUID)
	workflows := &unstructured.UnstructuredList{}
	workflows.SetGroupVersionKind(workflowKind)
	require.NoError(t, w.api.List(t.Context(), workflows))
	assert.Empty(t, workflows.Items)
}

// TestSpecChangesBeforeTheRunIsNoted: the same, and the spec changes while the containers run. What
// would be compiled now is another run, so this one cannot be submitted again, and it can deliver.
func TestSpecChangesBeforeTheRunIsNoted(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	run := w.unnoted(t)
	w.edit(t, run, field(map[string]any{
		"conditions": []any{map[string]any{"type": "Succeeded", "status": "Unknown", "reason": "Running"}},
		"steps":      []any{map[string]any{"name": "main", "container": "step-main", "running": map[string]any{"startedAt": "2026-01-01T00:00:00Z"}}},
	}, "status"))
	w.edit(t, w.thing(t, "a", "one"), field("large", "spec", "size"))
	w.step(t, "a", "one")
	require.NoError(t, w.deliver(t, run))
	w.harvest(t, run, small)
	w.step(t, "a", "one")
	status := w.workflow(t, "a", "one")
	assert.Equal(t, 2, status.Round)
	assert.Equal(t, progress.PhaseRunning, status.Pipelines[0].Phase)
}

// unnoted is the run of a request that a runner has created before it was killed.
func (w *world) unnoted(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	w.saveStatus = func(o *unstructured.Unstructured) error {
		if p, _ := progress.Read(newObject(o).status()).Current(); p.RunUID != "" {
			return assert.AnError
		}
		return nil
	}
	_, err := w.reconcile(t, "a", "one")
	require.ErrorIs(t, err, assert.AnError)
	w.saveStatus = nil
	return w.run(t, "a", "a", "one")
}
