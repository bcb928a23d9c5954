// SPDX-License-Identifier: Apache-2.0

package git

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// TestPause: a server that asks to be left alone is.
func TestPause(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	store.cache.health.now = func() time.Time { return now }
	server.intercept(answers{status: 403, header: map[string]string{"Retry-After": "120"}}.intercept)
	first := one(t, store, update("ns/a", "a", "1")).Err
	require.ErrorContains(t, first, "before 03:06:05 UTC")
	require.ErrorAs(t, first, new(*statestore.Pause), "for the queue")
	server.intercept(func(http.ResponseWriter, *http.Request) bool { return false })
	server.requests.Store(0)
	now = now.Add(2*time.Minute - time.Second)
	for range 3 {
		require.Equal(t, first, one(t, store, update("ns/a", "a", "1")).Err)
		require.Equal(t, first, store.Check(t.Context()))
	}
	assert.Zero(t, server.requests.Load())
	now = now.Add(2 * time.Second)
	require.NoError(t, store.Check(t.Context()))
	require.NoError(t, one(t, store, update("ns/a", "a", "1")).Err)
}

// TestStaleLock: a lock that was left on the server's branch is not taken for an endless race.
func TestStaleLock(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	require.NoError(t, one(t, store, update("ns/a", "a", "1")).Err)
	server.Write(t, "refs/heads/main.lock", "")
	server.pushes.Store(0)
	err := one(t, store, update("ns/a", "a", "2")).Err
	require.ErrorContains(t, err, "look for a lock that was left there")
	require.ErrorContains(t, err, "the server says: [remote rejected] (failed to update ref)")
	require.ErrorContains(t, err, "main.lock': File exists")
	assert.Equal(t, int64(maxUnmoved+1), server.pushes.Load())
	require.EqualError(t, store.Check(t.Context()), err.Error(), "not Ready")

	store.cache.health.now = func() time.Time { return time.Now().Add(memory + time.Second) }
	require.NoError(t, store.Check(t.Context()), "nobody wants to write any more")
	store.cache.health.now = time.Now
	server.Remove(t, "refs/heads/main.lock")
	require.NoError(t, one(t, store, update("ns/a", "a", "2")).Err)
	require.NoError(t, store.Check(t.Context()))
}

// TestServerCannotStore: the server cannot store a push, whatever is in it.
func TestServerCannotStore(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	server.Write(t, "config", "[core]\n\tbare = true\n[receive]\n\tmaxInputSize = 1\n")
	err := one(t, store, update("ns/a", "a", "1")).Err
	require.ErrorContains(t, err, "the server cannot store it")
	require.ErrorContains(t, err, "pack exceeds maximum allowed size")
	require.EqualError(t, store.Check(t.Context()), err.Error())
}

// TestOutage: a failure that a look at the server shows is over when a look does not show it any
// more.
func TestOutage(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	require.NoError(t, one(t, store, update("ns/a", "a", "1")).Err)
	server.intercept(answers{status: 500}.intercept)
	require.Error(t, one(t, store, update("ns/a", "a", "2")).Err, "a push fails before it is sent")
	require.Error(t, store.Check(t.Context()))
	server.intercept(func(http.ResponseWriter, *http.Request) bool { return false })
	require.NoError(t, store.Check(t.Context()))
}
