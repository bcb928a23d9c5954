// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
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

// TestUnlisted: for a minute the API server may be slow, and after that something is amiss.
func TestUnlisted(t *testing.T) {
	for since, amiss := range map[time.Duration]bool{time.Second: false, 2 * time.Minute: true} {
		unlisted := &caching.Unlisted{Since: time.Now().Add(-since)}
		api := interceptor.NewClient(cluster(t), interceptor.Funcs{
			List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
				return unlisted
			},
		})
		e := engine.New(backends.Engines()[0], backends.Defaults(), api, &unknown{installed: true}, api, nil)
		_, err := e.AllRuns(t.Context())
		require.ErrorIs(t, err, unlisted)
		assert.Equal(t, amiss, errors.Is(err, engine.ErrUnlisted), since)
	}
}
