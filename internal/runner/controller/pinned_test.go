// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// TestPinnedRequest: a request that Kratix ran with another version of its Promise is not run with
// this one until somebody says so.
func TestPinnedRequest(t *testing.T) {
	for name, c := range map[string]struct {
		kratix string // what Kratix has written into the request's status
		label  string
		waits  bool
	}{
		"pinned to another version": {kratix: "v1", waits: true},
		"told to":                   {kratix: "v1", label: progress.LabelManual},
		"pinned to this version":    {kratix: "v2"},
		"with the latest":           {kratix: "latest"},
		"new here":                  {},
	} {
		t.Run(name, func(t *testing.T) {
			one := thing(t, "a", "one")
			if c.kratix != "" {
				one.Object["status"] = map[string]any{"resourceBindingVersion": c.kratix}
			}
			if c.label != "" {
				one.SetLabels(map[string]string{c.label: "true"})
			}
			w := newWorld(t, promise(t, field("v2", "metadata", "labels", v1alpha1.LabelPromiseVersion)), one, namespace("a"))
			for range 3 {
				w.step(t, "a", "one")
			}
			said := progress.GetCondition(newObject(w.thing(t, "a", "one")).status(), progress.ConditionReconciled).Message
			if c.waits {
				assert.Empty(t, w.runs(t, "a"))
				assert.Equal(t, "Kratix ran it with version v1 of its Promise, which is at v2. To run it with that, label it kratix.io/manual-reconciliation=true", said)
				return
			}
			assert.Len(t, w.runs(t, "a"), 1, said)
		})
	}
}

// TestPinnedRequestAfterItsPause: the end of a pause is not yet somebody's word for the upgrade.
func TestPinnedRequestAfterItsPause(t *testing.T) {
	one := thing(t, "a", "one", field("true", "metadata", "labels", progress.LabelPaused))
	one.Object["status"] = map[string]any{"resourceBindingVersion": "v1"}
	w := newWorld(t, promise(t, field("v2", "metadata", "labels", v1alpha1.LabelPromiseVersion)), one, namespace("a"))
	steps := func() string {
		t.Helper()
		for range 3 {
			w.step(t, "a", "one")
		}
		assert.Empty(t, w.runs(t, "a"))
		return progress.GetCondition(newObject(w.thing(t, "a", "one")).status(), progress.ConditionReconciled).Message
	}
	assert.Equal(t, "Paused", steps())
	w.edit(t, w.thing(t, "a", "one"), field(nil, "metadata", "labels"))
	assert.Contains(t, steps(), "Kratix ran it with version v1")
}

// TestSuspendedByKratix: nobody knows for which spec Kratix ran the Pipelines before the one that
// suspended the workflow. So it starts from the first, and asks for its approval again.
func TestSuspendedByKratix(t *testing.T) {
	one := thing(t, "a", "one", field("true", "metadata", "labels", progress.LabelSuspended))
	one.Object["status"] = map[string]any{"kratix": map[string]any{"workflows": map[string]any{
		"suspendedGeneration": int64(1),
		"pipelines":           []any{map[string]any{"name": "one", "phase": "Succeeded"}, map[string]any{"name": "two", "phase": "Suspended", "message": "approve this"}},
	}}}
	w := newWorld(t, promise(t), one, namespace("a"))
	for range 3 {
		w.step(t, "a", "one")
	}
	runs := w.runs(t, "a")
	if assert.Len(t, runs, 1) {
		assert.Equal(t, "one", runs[0].GetLabels()["kratix.io/pipeline-name"])
	}
	assert.NotContains(t, w.thing(t, "a", "one").GetLabels(), progress.LabelSuspended)
}
