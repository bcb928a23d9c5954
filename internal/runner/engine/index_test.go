// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
)

// unknown is a cache whose API server knows the engine or not, and that counts how often it
// was asked for it.
type unknown struct {
	installed bool
	asked     int
}

func (u *unknown) IndexField(context.Context, client.Object, string, client.IndexerFunc) error {
	u.asked++
	if !u.installed {
		return &meta.NoKindMatchError{}
	}
	return nil
}

// TestMissingEngineIsNotAskedForEveryTime: a cluster with one engine has it asked for by
// every reconcile.
func TestMissingEngineIsNotAskedForEveryTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := &unknown{}
		api := cluster(t)
		e := engine.New(backends.Engines()[0], backends.Defaults(), api, cache, api, nil)
		runs := func() error {
			_, err := e.Runs(t.Context(), nil)
			return err
		}
		for range 10 {
			require.ErrorIs(t, runs(), engine.ErrMissing)
		}
		assert.Equal(t, 1, cache.asked)

		cache.installed = true
		time.Sleep(5 * time.Second)
		require.NoError(t, runs())
		require.NoError(t, runs())
		assert.Equal(t, 2, cache.asked, "an index is made once")
	})
}
