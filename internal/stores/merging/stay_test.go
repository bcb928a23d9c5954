// SPDX-License-Identifier: Apache-2.0

package merging

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// TestStay: somebody has removed a state file, and then its writer goes.
func TestStay(t *testing.T) {
	gone := func(id string, known ...string) statestore.Change {
		return statestore.Change{ID: id, StateFile: "w/.kratix/" + id + ".yaml", Known: known}
	}
	const listsX = "files:\n- w/x\n"
	for name, test := range map[string]struct {
		store   store
		changes []statestore.Change
		want    []string // of the first
	}{
		"it is there":          {store{"w/x": "1", "w/y": "1"}, []statestore.Change{gone("a", "w/x", "w/y", "w/z")}, []string{"w/x", "w/y"}},
		"nothing is":           {store{"w/y": "1"}, []statestore.Change{gone("a", "w/x")}, nil},
		"an odd path":          {store{"w/y": "1"}, []statestore.Change{gone("a", "../x", "")}, nil},
		"the list is there":    {store{"w/x": "1", "w/.kratix/a.yaml": listsX}, []statestore.Change{gone("a", "w/x")}, nil},
		"another's":            {store{"w/x": "1", "w/.kratix/b.yaml": listsX}, []statestore.Change{gone("a", "w/x")}, nil},
		"another's, who goes":  {store{"w/x": "1", "w/.kratix/b.yaml": listsX}, []statestore.Change{gone("a", "w/x"), gone("b", "w/x")}, nil},
		"another's, who comes": {store{"w/x": "1"}, []statestore.Change{gone("a", "w/x"), {ID: "b", StateFile: "w/.kratix/b.yaml", Files: []statestore.File{statestore.Text("w/x", "2")}}}, nil},
		"two lists are gone":   {store{"w/x": "1", "w/y": "1"}, []statestore.Change{gone("a", "w/x"), gone("b", "w/y")}, []string{"w/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			steps, err := Merge(t.Context(), test.store, test.changes)
			require.NoError(t, err)
			require.NoError(t, steps[0].Err)
			assert.Equal(t, test.want, steps[0].Stay)
			for _, at := range test.want {
				assert.NotContains(t, steps[0].Remove, at)
			}
		})
	}
}
