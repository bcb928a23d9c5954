// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

const stateA, stateB = "w/.kratix/ns-a.yaml", "w/.kratix/ns-b.yaml"

func testStateFile(t *testing.T, p Place) {
	s := p.Open(t)
	p.Foreign(t, map[string]string{"w/theirs": "x"})
	a := listing(change("ns/a", statestore.Text("w/1", "1"), statestore.Text("w/s/2", "2")), stateA)
	apply(t, s, a)
	assert.Equal(t, map[string]string{"w/theirs": "x", "w/1": "1", "w/s/2": "2", stateA: "files:\n- w/1\n- w/s/2\n"}, p.Files(t))
	assert.False(t, apply(t, s, a)[0].Changed)

	apply(t, p.Open(t), listing(change("ns/a", statestore.Text("w/3", "3"), statestore.Text("w/1", "one")), stateA))
	assert.Equal(t, map[string]string{"w/theirs": "x", "w/1": "one", "w/3": "3", stateA: "files:\n- w/3\n- w/1\n"}, p.Files(t))

	apply(t, s, listing(change("ns/a"), stateA))
	assert.Equal(t, map[string]string{"w/theirs": "x"}, p.Files(t))
}

// A path may pass from one writer to another in one batch.
func testHandover(t *testing.T, p Place) {
	s := p.Open(t)
	apply(t, s, listing(change("ns/a", statestore.Text("w/1", "a"), statestore.Text("w/2", "a")), stateA))
	apply(t, s, listing(change("ns/b", statestore.Text("w/1", "b")), stateB), listing(change("ns/a", statestore.Text("w/2", "a")), stateA))
	assert.Equal(t, map[string]string{"w/1": "b", "w/2": "a", stateA: "files:\n- w/2\n", stateB: "files:\n- w/1\n"}, p.Files(t))
	apply(t, s, listing(change("ns/a"), stateA), listing(change("ns/b", statestore.Text("w/1", "b"), statestore.Text("w/2", "b")), stateB))
	assert.Equal(t, map[string]string{"w/1": "b", "w/2": "b", stateB: "files:\n- w/1\n- w/2\n"}, p.Files(t))
}

// A writer does not get a path before the writer that has it has removed its file.
func testNoHandover(t *testing.T, p Place) {
	s := p.Open(t)
	apply(t, s, listing(change("ns/a", statestore.Text("w/1", "a")), stateA))
	before := p.Files(t)
	b := listing(change("ns/b", statestore.Text("w/1", "b")), stateB)
	out := s.Apply(t.Context(), []statestore.Change{b, listing(change("ns/a", unreadable("w/2")), stateA)})
	require.ErrorContains(t, out[0].Err, "w/1 is already there, written by "+stateA)
	require.ErrorContains(t, out[1].Err, "it is damaged")
	assert.Equal(t, before, p.Files(t))
	apply(t, s, b, listing(change("ns/a", statestore.Text("w/2", "a")), stateA))
	assert.Equal(t, map[string]string{"w/1": "b", "w/2": "a", stateA: "files:\n- w/2\n", stateB: "files:\n- w/1\n"}, p.Files(t))
}

// A writer whose state file lists a path keeps the path, whether it is in the batch or not.
func testHolder(t *testing.T, p Place) {
	s := p.Open(t)
	a := listing(change("ns/a", statestore.Text("w/1", "a")), stateA)
	b := listing(change("ns/b", statestore.Text("w/1", "b")), stateB)
	apply(t, s, a)
	want := map[string]string{"w/1": "a", stateA: "files:\n- w/1\n"}
	out := s.Apply(t.Context(), []statestore.Change{b, change("ns/c", statestore.Text("c", "c"))})
	want["c"] = "c"
	require.ErrorContains(t, out[0].Err, "w/1 is already there, written by "+stateA)
	require.NoError(t, out[1].Err)
	out = s.Apply(t.Context(), []statestore.Change{b, a})
	require.ErrorContains(t, out[0].Err, "w/1 is already there, written by ns/a")
	require.NoError(t, out[1].Err)
	assert.Equal(t, want, p.Files(t))
}
