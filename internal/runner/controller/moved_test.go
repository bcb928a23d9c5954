// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

// TestThePromiseChoosesAnotherNamespace: what waits in the old one is cancelled there, and
// its slot does not stay taken.
func TestThePromiseChoosesAnotherNamespace(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"), namespace("pipelines"))
	w.limit(slots.Limits{Total: 1})
	w.step(t, "a", "one")
	old := w.run(t, "a", "a", "one")
	w.edit(t, w.promise(t), runsIn("pipelines"))
	w.step(t, "a", "one")
	cancelled, _, _ := unstructured.NestedString(w.get(t, taskRunKind, "a", old.GetName()).Object, "spec", "status")
	assert.Equal(t, "TaskRunCancelled", cancelled)
	assert.Empty(t, w.runs(t, "pipelines"), "the old one may still be at work")

	w.succeed(t, w.get(t, taskRunKind, "a", old.GetName()))
	w.step(t, "a", "one")
	assert.Len(t, w.runs(t, "pipelines"), 1)
	active, _ := w.Slots.Active()
	assert.Equal(t, 1, active)

	w.delete(t, w.thing(t, "a", "one"))
	w.step(t, "a", "one")
	require.Nil(t, w.thing(t, "a", "one"))
	assert.Empty(t, w.runs(t, ""), "in whatever namespace")
	active, _ = w.Slots.Active()
	assert.Zero(t, active)
}

// TestResultsFromTheOldNamespace are not lost: they come from what ran for the old spec,
// and are dropped when the new one has begun.
func TestResultsFromTheOldNamespace(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"), namespace("pipelines"))
	w.step(t, "a", "one")
	key := w.harvest(t, w.run(t, "a", "a", "one"), small)
	w.edit(t, w.promise(t), runsIn("pipelines"))
	w.step(t, "a", "one")
	assert.Len(t, w.runs(t, "pipelines"), 1)
	_, err := w.Records.Get(t.Context(), key)
	assert.Error(t, err)
}
