// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// removing is a cache of which the ended watches are counted.
type removing struct {
	cache.Cache
	ended []string
}

func (r *removing) RemoveInformer(_ context.Context, o client.Object) error {
	r.ended = append(r.ended, o.GetObjectKind().GroupVersionKind().Kind)
	return nil
}

// TestAWatchThatBeginsTooLate: reading from a cache begins a watch, also when the Promise
// has gone meanwhile. It must not go on for ever.
func TestAWatchThatBeginsTooLate(t *testing.T) {
	ended := &removing{}
	k := &kinds{cache: ended, controller: watchful{}, watched: map[string]schema.GroupVersionKind{"things": thingKind}, closed: map[string]bool{}}
	ok, err := k.read(t.Context(), "things", func(kind schema.GroupVersionKind) error {
		assert.Equal(t, thingKind, kind)
		return nil
	})
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Empty(t, ended.ended)

	ok, err = k.read(t.Context(), "things", func(schema.GroupVersionKind) error { return k.close(t.Context(), "things") })
	require.NoError(t, err)
	assert.False(t, ok)
	assert.Equal(t, []string{"Thing", "Thing"}, ended.ended, "by close, and after what came too late")

	ok, err = k.read(t.Context(), "things", func(schema.GroupVersionKind) error { t.Error("nobody watches"); return nil })
	require.NoError(t, err)
	assert.False(t, ok)
}
