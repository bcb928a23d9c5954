package git

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/statestore"
)

func update(id, path, text string) statestore.Change {
	return statestore.Change{ID: id, Title: "Update from: " + id, Files: []statestore.File{statestore.Text(path, text)}}
}

// TestRejectedByHook: what a hook refuses is told in its words, and is written when it no
// longer does.
func TestRejectedByHook(t *testing.T) {
	server := newServer(t)
	store := server.open(t)
	server.hook(t, "pre-receive", "echo only on Sundays >&2\nexit 1\n")
	out := store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1"), update("ns/b", "b", "1")})
	for _, o := range out {
		require.ErrorContains(t, o.Err, "only on Sundays")
	}
	assert.Zero(t, server.commits(t))

	server.hook(t, "pre-receive", "exit 0\n")
	out = store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1"), update("ns/b", "b", "1")})
	require.NoError(t, statestore.Errors(out))
	assert.Equal(t, map[string]string{"a": "1", "b": "1"}, server.files(t))
	assert.Equal(t, 1, server.commits(t), "one batch is one commit")
}

// TestServerFails: a server that fails is an error for all, and is asked again later.
func TestServerFails(t *testing.T) {
	server := newServer(t)
	store := server.open(t)
	server.intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	out := store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1")})
	require.Error(t, out[0].Err)
	assert.NotContains(t, out[0].Err.Error(), password)

	server.intercept(func(http.ResponseWriter, *http.Request) bool { return false })
	require.NoError(t, statestore.Errors(store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1")})))
	assert.Equal(t, map[string]string{"a": "1"}, server.files(t))
}
