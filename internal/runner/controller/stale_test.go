// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// TestACacheThatIsBehind: nothing is decided, and nothing written, for a version of a
// request that the runner itself has replaced.
func TestACacheThatIsBehind(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	before := w.thing(t, "a", "one")
	w.step(t, "a", "one")
	require.Equal(t, progress.PhaseRunning, w.workflow(t, "a", "one").Pipelines[0].Phase)
	current, writes := w.Client, w.total()

	w.Client = newAPI(t, promise(t), before)
	result, err := w.reconcile(t, "a", "one")
	require.NoError(t, err)
	assert.Equal(t, soon, result.RequeueAfter)
	assert.Equal(t, writes, w.total())

	w.Client = current
	w.step(t, "a", "one")
	assert.False(t, w.written.Stale(before), "the cache has caught up, and nothing is remembered")
}

// total is how much the Runner has written.
func (w *world) total() int {
	n := 0
	for _, writes := range w.writes {
		n += writes
	}
	return n
}
