// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
