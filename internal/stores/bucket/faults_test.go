// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

func update(id, path, text string) statestore.Change {
	return statestore.Change{ID: id, Title: "Update from: " + id, Files: []statestore.File{statestore.Text(path, text)}}
}

// TestRefusedPut: a change whose object is refused fails alone, and old files stay.
func TestRefusedPut(t *testing.T) {
	server := newFake(t)
	store := server.open(t)
	require.NoError(t, storetest.Errors(store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1")})))
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
	require.NoError(t, storetest.Errors(store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "2")})))
	assert.Equal(t, map[string]string{"a": "2"}, server.files(t))
}

// TestForbiddenDirectory: a change whose directory the credentials may not list fails alone. A
// server that lists nothing is not asked about each change.
func TestForbiddenDirectory(t *testing.T) {
	for name, test := range map[string]struct {
		forbidden func(dir string) bool
		plans     int // in vain, at most
	}{
		"one":        {func(dir string) bool { return dir == "w/37" }, 8},
		"everything": {func(string) bool { return true }, 2*maxLooks + 2},
	} {
		t.Run(name, func(t *testing.T) {
			server := newFake(t)
			store := server.open(t)
			server.fail(func(w http.ResponseWriter, r *http.Request, _ string) bool {
				query := r.URL.Query()
				dir := strings.Trim(strings.TrimPrefix(query.Get("prefix"), "clusters/prod/"), "/")
				if query.Has("location") || !query.Has("prefix") || !test.forbidden(dir) {
					return false
				}
				answer(w, http.StatusForbidden, "AccessDenied")
				return true
			})
			var changes []statestore.Change
			want := map[string]string{}
			for i := range 100 {
				dir := fmt.Sprintf("w/%d", i)
				c := update("ns/"+dir, dir+"/a", "1")
				c.Dir = dir
				changes = append(changes, c)
				if !test.forbidden(dir) {
					want[dir+"/a"] = "1"
				}
			}
			looks := maxLooks
			for i, o := range store.apply(t.Context(), changes, &looks) {
				if test.forbidden(changes[i].Dir) {
					require.ErrorContains(t, o.Err, "the credentials lack s3:ListBucket", changes[i].Dir)
				} else {
					require.NoError(t, o.Err, changes[i].Dir)
				}
			}
			assert.Equal(t, want, server.files(t))
			assert.LessOrEqual(t, maxLooks-looks, test.plans)
		})
	}
}

// TestSlow: a server takes a request and does not answer it.
func TestSlow(t *testing.T) {
	server := newFake(t)
	spec := server.spec()
	client, err := connect(spec, server.secret(), 50*time.Millisecond)
	require.NoError(t, err)
	store := newStore(spec, client, answerTimeout)
	stop := make(chan struct{})
	server.fail(func(http.ResponseWriter, *http.Request, string) bool { <-stop; return true })
	defer close(stop)
	require.ErrorContains(t, store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1")})[0].Err, "bucket state at "+spec.Endpoint+": the server takes too long to answer")
}

// TestUnchangedObjectsStay: what is there already is not put again.
func TestUnchangedObjectsStay(t *testing.T) {
	server := newFake(t)
	store := server.open(t)
	changes := []statestore.Change{update("ns/a", "a", "1"), update("ns/b", "b", "1")}
	require.NoError(t, storetest.Errors(store.Apply(t.Context(), changes)))
	require.Len(t, server.asked(http.MethodPut), 2)
	require.NoError(t, storetest.Errors(store.Apply(t.Context(), changes)))
	assert.Empty(t, server.asked(http.MethodPut))
}

// TestListings: one listing is for many directories, unless there is too much beside them.
func TestListings(t *testing.T) {
	const n = parallel * pageRounds
	for name, test := range map[string]struct{ beside, listings int }{
		"together": {10, 1},
		"each":     {pageSize, 1 + n},
	} {
		t.Run(name, func(t *testing.T) {
			server := newFake(t)
			there, want := map[string]string{}, map[string]string{}
			for i := range test.beside {
				there[fmt.Sprintf("w/beside/%d", i)] = "x"
			}
			maps.Copy(want, there)
			var changes []statestore.Change
			for i := range n {
				dir := fmt.Sprintf("w/%d", i)
				c := update("ns/"+dir, dir+"/a", "1")
				c.Dir, there[dir+"/stale"], want[dir+"/a"] = dir, "x", "1"
				changes = append(changes, c)
			}
			server.foreign(t, there)
			require.NoError(t, storetest.Errors(server.open(t).Apply(t.Context(), changes)))
			assert.Equal(t, want, server.files(t))
			listings := slices.DeleteFunc(server.asked(http.MethodGet), func(key string) bool { return key != "" })
			assert.Len(t, listings, test.listings)
		})
	}
}

func TestCommon(t *testing.T) {
	for want, dirs := range map[string][]string{
		"a/b":     {"a/b/c", "a/b/d"},
		"a":       {"a/b", "a/bc"},
		"":        {"a", "b"},
		"a/b/c":   {"a/b/c"},
		"x/y":     {"x/y", "x/y/z"},
		"no/clue": {"no/clue/1/2", "no/clue/3", "no/clue/2"},
	} {
		assert.Equal(t, want, common(dirs))
	}
}
