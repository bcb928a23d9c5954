// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

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
	assert.Empty(t, w.stale.versions, "the cache has caught up")
}

// total is how much the Runner has written.
func (w *world) total() int {
	n := 0
	for _, writes := range w.writes {
		n += writes
	}
	return n
}

func TestStaleVersionsAreForgotten(t *testing.T) {
	var s stale
	now := time.Now()
	version := func(uid types.UID, version string) *unstructured.Unstructured {
		o := thing(t, "a", "one")
		o.SetUID(uid)
		o.SetResourceVersion(version)
		return o
	}
	s.replaced(version("1", "8"), "7", now)
	s.replaced(version("1", "9"), "8", now)
	assert.True(t, s.is(version("1", "7")))
	assert.True(t, s.is(version("1", "8")))
	assert.False(t, s.is(version("2", "7")), "another object")
	s.replaced(version("3", "2"), "1", now.Add(behindAtMost+time.Second))
	assert.False(t, s.is(version("1", "8")), "nobody is so far behind")
	assert.True(t, s.is(version("3", "1")))
	assert.False(t, s.is(version("3", "2")))
	assert.Empty(t, s.versions)
}
