package bucket

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

// TestRefusedPut: a change whose object is refused fails alone, and old files stay.
func TestRefusedPut(t *testing.T) {
	server := newFake(t)
	store := server.open(t)
	require.NoError(t, statestore.Errors(store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1")})))
	server.fail(func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Method != http.MethodPut {
			return false
		}
		answer(w, http.StatusForbidden, "AccessDenied")
		return true
	})
	out := store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "2")})
	require.Error(t, out[0].Err)
	assert.NotContains(t, out[0].Err.Error(), "s3cr3t")
	assert.Equal(t, map[string]string{"a": "1"}, server.files(t))

	server.fail(func(http.ResponseWriter, *http.Request, string) bool { return false })
	require.NoError(t, statestore.Errors(store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "2")})))
	assert.Equal(t, map[string]string{"a": "2"}, server.files(t))
}

// TestUnchangedObjectsStay: what is there already is not put again.
func TestUnchangedObjectsStay(t *testing.T) {
	server := newFake(t)
	store := server.open(t)
	changes := []statestore.Change{update("ns/a", "a", "1"), update("ns/b", "b", "1")}
	require.NoError(t, statestore.Errors(store.Apply(t.Context(), changes)))
	require.Len(t, server.asked(http.MethodPut), 2)
	require.NoError(t, statestore.Errors(store.Apply(t.Context(), changes)))
	assert.Empty(t, server.asked(http.MethodPut))
}
