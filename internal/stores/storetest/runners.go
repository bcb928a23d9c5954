// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

func testDrift(t *testing.T, p Place) {
	s := p.Open(t)
	a := owning(change("ns/a", statestore.Text("d/1", "1"), statestore.Text("d/2", "2")), "d")
	b := listing(change("ns/b", statestore.Text("w/1", "1")), stateB)
	apply(t, s, a, b)
	want := p.Files(t)
	for name, foreign := range map[string]func(){
		"removed":    func() { p.Foreign(t, nil, "d/1", "w/1") },
		"changed":    func() { p.Foreign(t, map[string]string{"d/1": "x", "w/1": "x"}) },
		"added":      func() { p.Foreign(t, map[string]string{"d/3": "x"}) },
		"state file": func() { p.Foreign(t, nil, stateB) },
	} {
		t.Run(name, func(t *testing.T) {
			foreign()
			require.NotEqual(t, want, p.Files(t))
			out := apply(t, s, a, b)
			assert.True(t, out[0].Changed || out[1].Changed)
			assert.Equal(t, want, p.Files(t))
		})
	}
}

func testMany(t *testing.T, p Place) {
	s := p.Open(t)
	const n = 300
	var changes, removals []statestore.Change
	want := map[string]string{}
	for i := range n {
		dir := fmt.Sprintf("w/resources/ns/promise/r%d/pipeline/5058f", i)
		changes = append(changes, owning(change(fmt.Sprintf("ns/w%d", i), statestore.Text(dir+"/a.yaml", fmt.Sprint(i))), dir))
		want[dir+"/a.yaml"] = fmt.Sprint(i)
		removals = append(removals, owning(change(fmt.Sprintf("ns/w%d", i)), dir))
	}
	apply(t, s, changes...)
	assert.Equal(t, want, p.Files(t))
	for _, o := range apply(t, s, changes...) {
		assert.False(t, o.Changed)
	}
	apply(t, s, removals...)
	assert.Empty(t, p.Files(t))
}

// Two runners write at the same time, each its own files. Neither removes files of the other.
func testTwoRunners(t *testing.T, p Place) {
	const each = 6
	var wg sync.WaitGroup
	want := map[string]string{}
	for runner := range 2 {
		s := p.Open(t)
		for i := range each {
			want[fmt.Sprintf("r%d/%d/f", runner, i)] = fmt.Sprint(i)
		}
		wg.Go(func() {
			for i := range each {
				dir := fmt.Sprintf("r%d/%d", runner, i)
				old := owning(change("ns/"+dir, statestore.Text(dir+"/f", "old"), statestore.Text(dir+"/stale", "old")), dir)
				out := s.Apply(context.Background(), []statestore.Change{old})
				assert.NoError(t, out[0].Err)
				out = s.Apply(context.Background(), []statestore.Change{owning(change("ns/"+dir, statestore.Text(dir+"/f", fmt.Sprint(i))), dir)})
				assert.NoError(t, out[0].Err)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, want, p.Files(t))
}

func testCancelled(t *testing.T, p Place) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := p.Open(t)
	out := s.Apply(ctx, []statestore.Change{change("ns/a", statestore.Text("a", "a")), change("ns/b", statestore.Text("b", "b"))})
	require.Len(t, out, 2)
	for _, o := range out {
		require.ErrorIs(t, o.Err, context.Canceled)
	}
	require.Error(t, s.Check(ctx))
	assert.Empty(t, p.Files(t))
	apply(t, s, change("ns/a", statestore.Text("a", "a")))
	assert.Equal(t, map[string]string{"a": "a"}, p.Files(t))
}
