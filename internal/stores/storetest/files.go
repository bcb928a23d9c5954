// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

func testFiles(t *testing.T, p Place) {
	s := p.Open(t)
	require.NoError(t, s.Check(t.Context()))
	first := change("ns/a", statestore.Text("w/a.yaml", "a: 1\n"), statestore.Text("w/deep/er/b.yaml", "b: 1\n"))
	made := apply(t, s, first)
	assert.True(t, made[0].Changed)
	want := map[string]string{"w/a.yaml": "a: 1\n", "w/deep/er/b.yaml": "b: 1\n"}
	assert.Equal(t, want, p.Files(t))

	again := apply(t, s, first)
	assert.False(t, again[0].Changed, "nothing is different")
	assert.Equal(t, made[0].Version, again[0].Version)
	again = apply(t, p.Open(t), first)
	assert.False(t, again[0].Changed, "nor is it for another runner")

	// Of the same length, so that nobody goes by that.
	out := apply(t, s, change("ns/a", statestore.Text("w/a.yaml", "a: 2\n")), change("ns/c", statestore.Text("c.yaml", "")))
	want["w/a.yaml"], want["c.yaml"] = "a: 2\n", ""
	assert.Equal(t, want, p.Files(t))
	assert.NotEqual(t, made[0].Version, out[0].Version)
	require.NoError(t, s.Check(t.Context()))
	assert.Equal(t, want, p.Files(t), "a check writes nothing")
}

func testNames(t *testing.T, p Place) {
	want := map[string]string{}
	var files []statestore.File
	for _, name := range []string{
		"with space.yaml", "ümläut-日本.yaml", `quo"te.yaml`, "-dash.yaml", "a+b=c&d%20e#f?g.yaml", "$(x)`y`.yaml", ".hidden", ".gitignore", "*.yaml",
		"100644", "D x", strings.Repeat("long", 50) + "/" + strings.Repeat("long", 50),
	} {
		want["names/"+name] = name
		files = append(files, statestore.Text("names/"+name, name))
	}
	c := owning(change("ns/names", files...), "names")
	s := p.Open(t)
	apply(t, s, c)
	assert.Equal(t, want, p.Files(t))
	assert.False(t, apply(t, p.Open(t), c)[0].Changed)
	apply(t, s, owning(change("ns/names"), "names"))
	assert.Empty(t, p.Files(t))
}

func testContent(t *testing.T, p Place) {
	big := strings.Repeat("0123456789abcde\n", 6<<16) // 6 MiB, more than a part of an upload
	binary := string([]byte{0, 255, 10, 13, 10, 0})
	c := change("ns/a", statestore.Text("big", big), statestore.Text("binary", binary), statestore.Text("empty", ""), statestore.Text("crlf", "a\r\nb\r\n"))
	s := p.Open(t)
	apply(t, s, c)
	assert.Equal(t, map[string]string{"big": big, "binary": binary, "empty": "", "crlf": "a\r\nb\r\n"}, p.Files(t))
	assert.False(t, apply(t, s, c)[0].Changed)
}

func testDirectory(t *testing.T, p Place) {
	s := p.Open(t)
	other := owning(change("ns/other", statestore.Text("d/b/x", "other")), "d/b")
	apply(t, s, other, owning(change("ns/a", statestore.Text("d/a/1", "1"), statestore.Text("d/a/sub/2", "2"), statestore.Text("d/a/3", "3")), "d/a"))
	p.Foreign(t, map[string]string{"d/a/stale": "x", "d/ab": "not in d/a"})
	apply(t, p.Open(t), owning(change("ns/a", statestore.Text("d/a/1", "1"), statestore.Text("d/a/sub", "a file now")), "d/a"))
	assert.Equal(t, map[string]string{"d/b/x": "other", "d/a/1": "1", "d/a/sub": "a file now", "d/ab": "not in d/a"}, p.Files(t))

	gone := apply(t, s, owning(change("ns/a"), "d/a"))
	assert.True(t, gone[0].Changed)
	assert.Equal(t, map[string]string{"d/b/x": "other", "d/ab": "not in d/a"}, p.Files(t))
	assert.False(t, apply(t, s, owning(change("ns/a"), "d/a"))[0].Changed)

	// A request that was deleted and made again has the same directory.
	again := owning(change("ns/new", statestore.Text("d/b/y", "new")), "d/b")
	apply(t, s, owning(change("ns/other"), "d/b"), again)
	assert.Equal(t, map[string]string{"d/b/y": "new", "d/ab": "not in d/a"}, p.Files(t))
}

func testRemoveMissing(t *testing.T, p Place) {
	s := p.Open(t)
	c := statestore.Change{ID: "canary/w", Title: "Delete from: kratix-canary", Remove: []string{"w/a", "w/b"}}
	assert.False(t, s.Apply(t.Context(), []statestore.Change{c})[0].Changed)
	p.Foreign(t, map[string]string{"w/a": "x", "w/c": "x"})
	assert.True(t, apply(t, s, c)[0].Changed)
	assert.Equal(t, map[string]string{"w/c": "x"}, p.Files(t))
}
