// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

// TestChangedPromiseGetsASlot: requests wait for the Promise's own workflow, and must not
// hold what it waits for.
func TestChangedPromiseGetsASlot(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("promise", "configure", "own")), served(), thing(t, "a", "one"), namespace("a"), namespace(system))
	w.limit(slots.Limits{Total: 1})
	w.step(t, "a", "one")
	active, _ := w.Slots.Active()
	require.Equal(t, 1, active)

	w.edit(t, w.promise(t), func(_ testing.TB, u *unstructured.Unstructured) { u.SetGeneration(2) })
	w.harvest(t, w.run(t, "a", "a", "one"), small)
	w.step(t, "a", "one")
	current, _ := w.workflow(t, "a", "one").Current()
	assert.Equal(t, progress.PhasePending, current.Phase, "it waits for the Promise")
	active, waiting := w.Slots.Active()
	assert.Zero(t, active)
	assert.Zero(t, waiting)

	for range 2 { // finalizers and the API come first
		_, err := w.reconcilePromise(t)
		require.NoError(t, err)
	}
	current, _ = progress.Read(newObject(w.promise(t)).status()).Current()
	assert.Equal(t, progress.PhaseRunning, current.Phase, current.Message)
	assert.Len(t, w.runs(t, system), 1)
}

// TestDeletedHoldsNoSlot while its files wait for a State Store, although it had a run.
func TestDeletedHoldsNoSlot(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	w.harvest(t, w.run(t, "a", "a", "one"), small)
	w.step(t, "a", "one")
	w.delete(t, w.thing(t, "a", "one"))
	w.step(t, "a", "one")
	require.NotNil(t, w.thing(t, "a", "one"), "its Work is not gone yet")
	active, _ := w.Slots.Active()
	assert.Zero(t, active)
}

// TestDeletedPromiseGivesItsSlotToItsRequests: it had a run, and their delete workflows come before
// its end.
func TestDeletedPromiseGivesItsSlotToItsRequests(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("promise", "configure", "own"), pipelines("resource", "delete", "bye")), served(),
		thing(t, "a", "one", finalized(finalizersRequest...)), namespace("a"), namespace(system))
	w.limit(slots.Limits{Total: 1})
	for range 2 { // finalizers and the API come first
		w.reconciledPromise(t)
	}
	require.Len(t, w.runs(t, system), 1)
	w.delete(t, w.promise(t))
	w.reconciledPromise(t)
	w.step(t, "a", "one")
	assert.Len(t, w.runs(t, "a"), 1)
}

// TestStartThatWasNotSavedHoldsNoSlot: the Promise changes before the second try.
func TestStartThatWasNotSavedHoldsNoSlot(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "things"}, "one", errors.New("somebody has changed it"))
	w.saveStatus = func(*unstructured.Unstructured) error { return conflict }
	w.step(t, "a", "one")
	w.saveStatus = nil
	w.edit(t, w.promise(t), func(_ testing.TB, u *unstructured.Unstructured) { u.SetGeneration(2) })
	w.step(t, "a", "one")
	active, _ := w.Slots.Active()
	assert.Zero(t, active)
}

// TestBrokenHoldsNoSlot: others would wait for the slot for ever.
func TestBrokenHoldsNoSlot(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.limit(slots.Limits{Total: 1})
	other := slots.Claim{Promise: "other", Namespace: "a", Object: client.ObjectKey{Namespace: "a", Name: "other"}}
	require.Empty(t, w.Slots.Hold(other))
	w.step(t, "a", "one")
	w.edit(t, w.promise(t), annotated(AnnotationEngine, "jenkins"))
	w.Slots.Release(other) // and the slot is the request's
	w.step(t, "a", "one")
	active, waiting := w.Slots.Active()
	assert.Zero(t, active)
	assert.Zero(t, waiting)
}

func TestBrokenPromiseHoldsNoSlot(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("promise", "configure", "own")), served(), namespace(system))
	w.limit(slots.Limits{Total: 1})
	other := slots.Claim{Promise: "other", Namespace: "a", Object: client.ObjectKey{Namespace: "a", Name: "other"}}
	require.Empty(t, w.Slots.Hold(other))
	for range 2 { // finalizers and the API come first
		_, err := w.reconcilePromise(t)
		require.NoError(t, err)
	}
	w.edit(t, w.promise(t), miswritten("promise", "configure"))
	w.Slots.Release(other) // and the slot is the Promise's
	_, err := w.reconcilePromise(t)
	require.NoError(t, err)
	active, waiting := w.Slots.Active()
	assert.Zero(t, active)
	assert.Zero(t, waiting)
}
