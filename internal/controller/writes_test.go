// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// mostWrites is what a request with two Pipelines costs the API server, from its creation
// to its end. It may go down, and must not go up.
const mostWrites = 13

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
