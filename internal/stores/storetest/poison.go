// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

func unreadable(path string) statestore.File {
	return statestore.File{Path: path, Open: func() (io.Reader, error) { return nil, errors.New("it is damaged") }}
}

func testPoison(t *testing.T, p Place) {
	s := p.Open(t)
	for name, poison := range map[string]struct {
		change statestore.Change
		says   string
	}{
		"up":            {change("ns/p", statestore.Text("w/../../etc/passwd", "x")), "leaves its directory with .."},
		"only up":       {change("ns/p", statestore.Text("..", "x")), "leaves its directory with .."},
		"absolute":      {change("ns/p", statestore.Text("/etc/passwd", "x")), "begins with a slash"},
		"empty":         {change("ns/p", statestore.Text("", "x")), "a path is empty"},
		"not clean":     {change("ns/p", statestore.Text("a//b", "x")), "empty or . elements"},
		"directory":     {change("ns/p", statestore.Text("a/", "x")), "empty or . elements"},
		"line break":    {change("ns/p", statestore.Text("a\nb", "x")), "control characters"},
		"no UTF-8":      {change("ns/p", statestore.Text("a\xffb", "x")), "no UTF-8"},
		"git":           {change("ns/p", statestore.Text("a/.GIT/config", "x")), "Git keeps to itself"},
		"git on NTFS":   {change("ns/p", statestore.Text("git~1/config", "x")), "Git keeps to itself"},
		"git on HFS":    {change("ns/p", statestore.Text(".g\u200cit/config", "x")), "Git keeps to itself"},
		"long":          {change("ns/p", statestore.Text(strings.Repeat("x/", 600)+"x", "x")), "use shorter names"},
		"owned":         {owning(change("ns/p", statestore.Text("a", "x")), "../w"), "leaves its directory with .."},
		"removed":       {statestore.Change{ID: "ns/p", Remove: []string{"../x"}}, "leaves its directory with .."},
		"twice":         {change("ns/p", statestore.Text("a", "x"), statestore.Text("a", "y")), "a is there twice"},
		"both":          {change("ns/p", statestore.Text("a/b", "x"), statestore.Text("a", "y")), "also the directory of a/b"},
		"state file":    {listing(change("ns/p", statestore.Text("w/.kratix/ns-b.yaml", "x")), stateA), "among the state files"},
		"below them":    {listing(change("ns/p", statestore.Text("w/.kratix/a/b.yaml", "x")), stateA), "among the state files"},
		"unreadable":    {change("ns/p", statestore.Text("w/good", "x"), unreadable("w/bad")), "read w/bad: it is damaged"},
		"breaks in two": {change("ns/p", broken("w/bad")), "read w/bad: it is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			good := []statestore.Change{change("ns/1", statestore.Text("1", name)), poison.change, change("ns/2", statestore.Text("2", name))}
			out := s.Apply(t.Context(), good)
			require.NoError(t, out[0].Err)
			require.NoError(t, out[2].Err)
			require.ErrorContains(t, out[1].Err, poison.says)
			assert.Equal(t, map[string]string{"1": name, "2": name}, p.Files(t))
		})
	}
}

// broken content ends in the middle.
func broken(path string) statestore.File {
	return statestore.File{Path: path, Open: func() (io.Reader, error) {
		return io.MultiReader(strings.NewReader("begins well"), failing{}), nil
	}}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("it is damaged") }

func testConflict(t *testing.T, p Place) {
	s := p.Open(t)
	for name, both := range map[string][2]statestore.Change{
		"file":             {change("ns/1", statestore.Text("f/a", "1")), change("ns/2", statestore.Text("f/a", "2"))},
		"below a file":     {change("ns/1", statestore.Text("f/a", "1")), change("ns/2", statestore.Text("f/a/b", "2"))},
		"a directory":      {change("ns/1", statestore.Text("f/a/b", "1")), change("ns/2", statestore.Text("f/a", "2"))},
		"same directory":   {owning(change("ns/1", statestore.Text("f/a", "1")), "f"), owning(change("ns/2", statestore.Text("f/b", "2")), "f")},
		"in its directory": {owning(change("ns/1", statestore.Text("f/a", "1")), "f"), change("ns/2", statestore.Text("f/b", "2"))},
		"around a file":    {change("ns/1", statestore.Text("f/a", "1")), owning(change("ns/2", statestore.Text("f/b", "2")), "f")},
	} {
		t.Run(name, func(t *testing.T) {
			out := s.Apply(t.Context(), []statestore.Change{both[0], both[1], change("ns/3", statestore.Text("3", name))})
			require.NoError(t, out[0].Err)
			require.NoError(t, out[2].Err)
			require.ErrorContains(t, out[1].Err, "ns/2: ")
			require.ErrorContains(t, out[1].Err, "ns/1")
			assert.Equal(t, map[string]string{both[0].Files[0].Path: "1", "3": name}, p.Files(t))
			apply(t, s, owning(change("ns/clean"), "f"))
		})
	}
}

func testDamagedState(t *testing.T, p Place) {
	for name, content := range map[string]string{
		"no YAML":          "files: [",
		"no list":          "files: x\n",
		"outside":          "files:\n- other/secret.yaml\n",
		"outside the path": "files:\n- ../../x\n",
	} {
		t.Run(name, func(t *testing.T) {
			p.Foreign(t, map[string]string{stateA: content, "other/secret.yaml": name})
			s := p.Open(t)
			for _, c := range []statestore.Change{change("ns/a", statestore.Text("w/1", "1")), change("ns/a")} {
				out := s.Apply(t.Context(), []statestore.Change{listing(c, stateA), change("ns/b", statestore.Text("b", name))})
				require.ErrorContains(t, out[0].Err, stateA)
				require.ErrorContains(t, out[0].Err, "restore it")
				require.NoError(t, out[1].Err)
				assert.Equal(t, map[string]string{stateA: content, "other/secret.yaml": name, "b": name}, p.Files(t))
			}
		})
	}
}
