// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// removing is a cache that notes the watches that are ended.
type removing struct {
	cache.Cache
	ended []string
}

func (r *removing) RemoveInformer(_ context.Context, o client.Object) error {
	r.ended = append(r.ended, o.GetObjectKind().GroupVersionKind().Kind)
	return nil
}

// TestAWatchThatBeginsTooLate: reading from a cache begins a watch, also if the Promise has gone
// meanwhile. That watch is ended again.
func TestAWatchThatBeginsTooLate(t *testing.T) {
	ended := &removing{}
	k := &kinds{cache: ended, controller: watchful{}, watched: map[string]offer{"things": {promise: "promise-uid", kind: thingKind}}}
	things := promise(t)
	ok, err := k.read(t.Context(), things.GetName(), things.GetUID(), func(kind schema.GroupVersionKind) error {
		assert.Equal(t, thingKind, kind)
		return nil
	})
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Empty(t, ended.ended)

	ok, err = k.read(t.Context(), things.GetName(), things.GetUID(), func(schema.GroupVersionKind) error { return k.end(t.Context(), "things") })
	require.NoError(t, err)
	assert.False(t, ok)
	assert.Equal(t, []string{"Thing", "Thing"}, ended.ended, "by end, and after what came too late")

	ok, err = k.read(t.Context(), things.GetName(), things.GetUID(), func(schema.GroupVersionKind) error { t.Error("nobody watches"); return nil })
	require.NoError(t, err)
	assert.False(t, ok)
}

// TestAnotherOfTheSameName, Promise or CRD, is watched anew, and what is of another UID is
// not read.
func TestAnotherOfTheSameName(t *testing.T) {
	ended := &removing{}
	k := &kinds{cache: ended, controller: watchful{}, watched: map[string]offer{}}
	for i, o := range []offer{
		{promise: "1", crd: "1", kind: thingKind},
		{promise: "2", crd: "1", kind: thingKind},
		{promise: "2", crd: "2", kind: thingKind},
		{promise: "2", crd: "2", kind: thingKind},
	} {
		require.NoError(t, k.watch(t.Context(), "things", o))
		assert.Len(t, ended.ended, min(i, 2))
		assert.True(t, k.watches("things", o))
	}
	old := promise(t)
	old.SetUID("1")
	ok, err := k.read(t.Context(), old.GetName(), old.GetUID(), func(schema.GroupVersionKind) error { t.Error("of another"); return nil })
	require.NoError(t, err)
	assert.False(t, ok)

	require.NoError(t, k.watch(t.Context(), "others", offer{promise: "3", crd: "2", kind: thingKind}))
	require.NoError(t, k.keep(t.Context(), old))
	assert.Empty(t, k.named("things"), "the Promise that offered it is gone")
	assert.Len(t, ended.ended, 2, "and its kind is another's now")
	require.NoError(t, k.end(t.Context(), "others"))
	assert.Len(t, ended.ended, 3)
}

// TestAWatchThatCannotBegin is tried again.
func TestAWatchThatCannotBegin(t *testing.T) {
	k := &kinds{cache: &removing{}, controller: refusing{}, watched: map[string]offer{}}
	o := offer{promise: "1", crd: "1", kind: thingKind}
	require.ErrorIs(t, k.watch(t.Context(), "things", o), errRefused)
	assert.False(t, k.watches("things", o))
}

var errRefused = errors.New("no such kind")

type refusing struct {
	controller.TypedController[queueKey]
}

func (refusing) Watch(source.TypedSource[queueKey]) error { return errRefused }
