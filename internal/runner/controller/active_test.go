// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCAIsKeptWhereRunsAreActive, once in each namespace, and not where somebody else has made a run that
// looks like one of ours.
func TestCAIsKeptWhereRunsAreActive(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), thing(t, "a", "two"), thing(t, "b", "one"), namespace("a"), namespace("b"), namespace("evil"))
	for _, in := range []string{"a", "b"} {
		w.step(t, in, "one")
	}
	w.step(t, "a", "two")
	w.forge(t, w.run(t, "a", "a", "one"), "evil", nil)
	var kept []string
	fails := map[string]error{}
	w.EnsureNamespace = func(_ context.Context, in string) error {
		kept = append(kept, in)
		return fails[in]
	}
	require.NoError(t, (&keeper{w.Runner}).keep(t.Context()))
	assert.ElementsMatch(t, []string{"a", "b"}, kept)

	w.succeed(t, w.run(t, "b", "b", "one"))
	kept, fails["a"] = nil, assert.AnError
	require.ErrorIs(t, (&keeper{w.Runner}).keep(t.Context()), assert.AnError)
	assert.Equal(t, []string{"a"}, kept)
}
