// SPDX-License-Identifier: Apache-2.0

// Package storetest is what every State Store must do.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/statestore"
)

// Place is where files are kept. Stores is what is tested; the rest goes another way, so
// that the stores are not asked about themselves.
type Place struct {
	// Open makes one more store for the place, as another runner would have it.
	Open func(t testing.TB) statestore.Store
	// Files are all files below the store's path, without those that Foreign wrote outside.
	Files func(t testing.TB) map[string]string
	// Foreign writes and removes files as somebody else.
	Foreign func(t testing.TB, put map[string]string, remove ...string)
}

// Run demands it of the stores of a kind. Each call of place returns an empty one; there are
// several at the same time.
func Run(t *testing.T, place func(t testing.TB) Place) {
	for name, test := range map[string]func(t *testing.T, p Place){
		"Files":         testFiles,
		"Names":         testNames,
		"Content":       testContent,
		"Directory":     testDirectory,
		"StateFile":     testStateFile,
		"Handover":      testHandover,
		"NoHandover":    testNoHandover,
		"Holder":        testHolder,
		"Poison":        testPoison,
		"Conflict":      testConflict,
		"DamagedState":  testDamagedState,
		"Drift":         testDrift,
		"Many":          testMany,
		"TwoRunners":    testTwoRunners,
		"Cancelled":     testCancelled,
		"Read":          testRead,
		"RemoveMissing": testRemoveMissing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, place(t))
		})
	}
}

// apply demands that all changes succeed.
func apply(t testing.TB, s statestore.Store, changes ...statestore.Change) []statestore.Outcome {
	t.Helper()
	out := s.Apply(context.Background(), changes)
	require.Len(t, out, len(changes))
	require.NoError(t, statestore.Errors(out))
	for _, o := range out {
		assert.NotEmpty(t, o.Version)
	}
	return out
}

func change(id string, files ...statestore.File) statestore.Change {
	return statestore.Change{ID: id, Title: "Update from: " + id, Files: files}
}

func owning(c statestore.Change, dir string) statestore.Change { c.Dir = dir; return c }

func listing(c statestore.Change, stateFile string) statestore.Change {
	c.StateFile = stateFile
	return c
}

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

// A path does not pass on before the one who had it has let it go.
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

// Who has a path by his state file keeps it, whether he is in the batch or not.
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

// Two runners write at once, each its own files, and neither undoes the other's.
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

func testRead(t *testing.T, p Place) {
	s := p.Open(t)
	_, err := s.Read(t.Context(), "a")
	require.ErrorIs(t, err, fs.ErrNotExist)
	content := bytes.Repeat([]byte{0, '\n', 'x'}, 1000)
	apply(t, s, change("ns/a", statestore.Text("d/a", string(content))))
	for _, reader := range []statestore.Store{s, p.Open(t)} {
		got, err := reader.Read(t.Context(), "d/a")
		require.NoError(t, err)
		assert.Equal(t, content, got)
		_, err = reader.Read(t.Context(), "d")
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
}

func testRemoveMissing(t *testing.T, p Place) {
	s := p.Open(t)
	c := statestore.Change{ID: "canary/w", Title: "Delete from: kratix-canary", Remove: []string{"w/a", "w/b"}}
	assert.False(t, s.Apply(t.Context(), []statestore.Change{c})[0].Changed)
	p.Foreign(t, map[string]string{"w/a": "x", "w/c": "x"})
	assert.True(t, apply(t, s, c)[0].Changed)
	assert.Equal(t, map[string]string{"w/c": "x"}, p.Files(t))
}
