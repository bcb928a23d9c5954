// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

func TestCompletedHoldsNoSlot(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.limit(slots.Limits{Total: 1})
	w.complete(t, "one")
	active, waiting := w.Slots.Active()
	assert.Zero(t, active)
	assert.Zero(t, waiting)
}

func TestCompletedHasNoPlaceInTheQueue(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.limit(slots.Limits{Total: 1})
	w.complete(t, "one")
	require.Empty(t, w.Slots.Hold(slots.Claim{Promise: "other", Namespace: "a", Object: client.ObjectKey{Namespace: "a", Name: "other"}}))

	w.step(t, "a", "one")
	active, waiting := w.Slots.Active()
	assert.Equal(t, 1, active)
	assert.Zero(t, waiting)
}

func TestFullSlotsHoldRequests(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), thing(t, "a", "two"), namespace("a"))
	w.limit(slots.Limits{Total: 1})
	w.step(t, "a", "one")
	w.step(t, "a", "two")
	current, _ := w.workflow(t, "a", "two").Current()
	assert.Equal(t, "Waiting for a free slot: 1 of 1 runs are active", current.Message)
	active, waiting := w.Slots.Active()
	assert.Equal(t, 1, active)
	assert.Equal(t, 1, waiting)
	assert.Len(t, w.runs(t, "a"), 1)
}
