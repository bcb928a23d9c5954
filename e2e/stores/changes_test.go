// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

func update(id, path, text string) statestore.Change {
	return statestore.Change{ID: id, Title: "Update from: " + id, Files: []statestore.File{statestore.Text(path, text)}}
}

func one(t testing.TB, s statestore.Store, c statestore.Change) error {
	return s.Apply(t.Context(), []statestore.Change{c})[0].Err
}

const writers = 10

// first are changes of all kinds: writers with a directory each, and two with state files.
func first() []statestore.Change {
	var out []statestore.Change
	for i := range writers {
		out = append(out, owner(i, map[string]string{"same": "same", "changed": "1", "gone": "1"}))
	}
	return append(out, lister("a", "w/1", "w/2"), lister("b", "w/3"))
}

// second changes, adds and removes some of everything; one writer leaves, and a file
// passes from one to another. files are what is there then.
func second() (changes []statestore.Change, files map[string]string) {
	files = map[string]string{}
	for i := range writers - 1 {
		c := owner(i, map[string]string{"same": "same", "changed": "2", "new": "2"})
		for name, text := range map[string]string{"same": "same", "changed": "2", "new": "2"} {
			files[c.Dir+"/"+name] = text
		}
		changes = append(changes, c)
	}
	changes = append(changes, owner(writers-1, nil), lister("a", "w/2", "w/4"), lister("b", "w/1", "w/3"))
	maps.Copy(files, map[string]string{
		"w/1": "b", "w/2": "a", "w/3": "b", "w/4": "a",
		"w/.kratix/ns-a.yaml": "files:\n- w/2\n- w/4\n", "w/.kratix/ns-b.yaml": "files:\n- w/1\n- w/3\n",
	})
	return changes, files
}

func owner(i int, files map[string]string) statestore.Change {
	c := statestore.Change{ID: fmt.Sprintf("ns/%d", i), Title: fmt.Sprintf("Update from: %d", i), Dir: fmt.Sprintf("d/%d", i)}
	for _, name := range []string{"same", "changed", "gone", "new"} {
		if text, is := files[name]; is {
			c.Files = append(c.Files, statestore.Text(c.Dir+"/"+name, text))
		}
	}
	return c
}

func lister(name string, paths ...string) statestore.Change {
	c := statestore.Change{ID: "ns/" + name, Title: "Update from: " + name, StateFile: "w/.kratix/ns-" + name + ".yaml"}
	for _, path := range paths {
		c.Files = append(c.Files, statestore.Text(path, name))
	}
	return c
}

// fails demands that no change gets through, and that each error says why and where.
func fails(ctx context.Context, t *testing.T, s statestore.Store, says ...string) {
	t.Helper()
	changes, _ := second()
	out := s.Apply(ctx, changes)
	require.Len(t, out, len(changes))
	for _, o := range out {
		for _, text := range says {
			require.ErrorContains(t, o.Err, text)
		}
		assert.NotContains(t, o.Err.Error(), password)
	}
}

// heals demands that everything is as it should be when the same is tried again.
func heals(t *testing.T, s statestore.Store, files func(testing.TB) map[string]string) {
	t.Helper()
	changes, want := second()
	require.NoError(t, storetest.Errors(s.Apply(t.Context(), changes)))
	assert.Equal(t, want, files(t))
	for _, o := range s.Apply(t.Context(), changes) {
		assert.NoError(t, o.Err)
		assert.False(t, o.Changed)
	}
}
