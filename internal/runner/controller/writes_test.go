// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// mostWrites is what a request with two Pipelines costs the API server, from its creation
// to its end. It may go down, and must not go up. Two of them note which object a run is.
const mostWrites = 14

// TestWritesOfARequest counts those of the second request in a namespace: the first one
// has made the Pipelines' accounts.
func TestWritesOfARequest(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "first"), thing(t, "a", "second"), namespace("a"))
	w.complete(t, "first")
	clear(w.writes)
	w.complete(t, "second")
	all := 0
	for _, n := range w.writes {
		all += n
	}
	assert.LessOrEqual(t, all, mostWrites, "%v", w.writes)

	clear(w.writes)
	w.step(t, "a", "second")
	assert.Empty(t, w.writes, "nothing is left to be done")
}

// TestWorksAreReadOnceForEachPurpose in the reconciliation that completes a workflow: to
// write one, to clean up, and to say what became of them.
func TestWorksAreReadOnceForEachPurpose(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("resource", "configure", "one")), thing(t, "a", "it"), namespace("a"))
	w.step(t, "a", "it")
	w.harvest(t, w.run(t, "a", "a", "it"), small)
	read := 0
	w.list = func(kind schema.GroupVersionKind) (bool, error) {
		if kind.Kind == v1alpha1.KindWork {
			read++
		}
		return true, nil
	}
	w.step(t, "a", "it")
	_, more := w.workflow(t, "a", "it").Current()
	require.False(t, more)
	assert.Equal(t, 3, read)
}
