// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
)

// TestSweepBehindTheCache: a runner that was away for long consumes an old harvest, and sweeps
// before its cache shows the Work that refers to it.
func TestSweepBehindTheCache(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	key := w.harvest(t, w.run(t, "a", "a", "one"), noise(t))
	w.Now = func() time.Time { return time.Now().Add(3 * record.MinSweepAge) }
	w.list = func(kind schema.GroupVersionKind) (bool, error) { return kind.Kind != v1alpha1.KindWork, nil }
	w.step(t, "a", "one")
	require.Equal(t, record.Kept, w.label(t, key))

	s := &sweeper{w.Runner}
	require.NoError(t, s.sweep(t.Context()))
	assert.Equal(t, record.Kept, w.label(t, key))

	works := &v1alpha1.WorkList{}
	require.NoError(t, w.api.List(t.Context(), works))
	require.Len(t, works.Items, 1)
	works.Items[0].Spec.Bundle = nil
	require.NoError(t, w.api.Update(t.Context(), &works.Items[0]))
	require.NoError(t, s.sweep(t.Context()))
	_, err := w.Records.Get(t.Context(), key)
	assert.ErrorIs(t, err, record.ErrNotFound, "nothing refers to it any more")
}

// TestSweepWhileTheBundleWaits: the runner was killed after it had written the Work and the status, and
// before it could keep the bundle. Then the Promise became invalid, and nobody looked at the request.
func TestSweepWhileTheBundleWaits(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	key := w.harvest(t, w.run(t, "a", "a", "one"), noise(t))
	w.EnsureNamespace = func(context.Context, string) error { return assert.AnError }
	_, err := w.reconcile(t, "a", "one")
	require.ErrorIs(t, err, assert.AnError)
	require.Equal(t, record.Waiting, w.label(t, key))

	w.Now = func() time.Time { return time.Now().Add(3 * record.MinSweepAge) }
	require.NoError(t, (&sweeper{w.Runner}).sweep(t.Context()))
	assert.Equal(t, record.Kept, w.label(t, key))
}
