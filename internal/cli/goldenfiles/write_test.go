// SPDX-License-Identifier: Apache-2.0

package goldenfiles

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	require.NoError(t, write(Tree{"a/1.yaml": ours("one"), "b/c/2.yaml": ours("two")}, dir))
	put(t, dir, "a/README.md", []byte("foreign"))
	put(t, dir, "own.yaml", []byte("foreign"))
	require.NoError(t, write(Tree{"a/1.yaml": ours("three"), "d/4.yaml": ours("four")}, dir))
	assert.Equal(t, map[string]string{
		"a/1.yaml": string(ours("three")), "d/4.yaml": string(ours("four")), "a/README.md": "foreign", "own.yaml": "foreign",
	}, contents(t, dir))
	assert.NoDirExists(t, filepath.Join(dir, "b"))

	require.NoError(t, write(Tree{}, dir))
	assert.Equal(t, map[string]string{"a/README.md": "foreign", "own.yaml": "foreign"}, contents(t, dir))
	assert.DirExists(t, dir)
}

func TestWhatIsSameIsNotTouched(t *testing.T) {
	dir := t.TempDir()
	tree := Tree{"a/1.yaml": ours("one")}
	require.NoError(t, write(tree, dir))
	before, err := os.Stat(filepath.Join(dir, "a/1.yaml"))
	require.NoError(t, err)
	require.NoError(t, write(tree, dir))
	after, err := os.Stat(filepath.Join(dir, "a/1.yaml"))
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after), "replaced by an equal file")
	assert.Equal(t, os.FileMode(0o644), after.Mode())
}

func TestAnErrorLeavesEverythingAsItWas(t *testing.T) {
	for name, inTheWay := range map[string]string{
		"a foreign file":               "b/2.yaml",
		"a file where a folder should": "b",
		"a folder where a file should": "b/2.yaml/x",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, write(Tree{"a/1.yaml": ours("one"), "z/stale.yaml": ours("z")}, dir))
			put(t, dir, inTheWay, []byte("foreign"))
			before := contents(t, dir)
			require.Error(t, write(Tree{"a/1.yaml": ours("changed"), "b/2.yaml": ours("two")}, dir))
			assert.Equal(t, before, contents(t, dir))
		})
	}
}

func TestALinkIsNotWrittenThrough(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere.yaml")
	require.NoError(t, os.WriteFile(elsewhere, ours("elsewhere"), 0o644))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a"), 0o755))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "a/1.yaml")))
	require.ErrorContains(t, write(Tree{"a/1.yaml": ours("one")}, dir), "not made by kratix-compile")
	data, err := os.ReadFile(elsewhere)
	require.NoError(t, err)
	assert.Equal(t, ours("elsewhere"), data)
}

// A link to a directory would lead files out of ours, where the next run does not find them.
func TestALinkToADirectoryIsNotFollowed(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "theirs")))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "ours")))
	for _, writing := range []func() (Written, error){
		func() (Written, error) { return Tree{"ours/1.yaml": ours("one")}.Write(dir) },
		func() (Written, error) { return outputs(map[string]string{"ours/a/b": "x"}).Write(dir) },
	} {
		_, err := writing()
		require.EqualError(t, err, filepath.Join(dir, "ours")+": no directory, where one of golden files would be; move it away")
	}
	assert.Empty(t, contents(t, elsewhere))
}

func write(tree Tree, dir string) error {
	_, err := tree.Write(dir)
	return err
}

func TestWriteTells(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, write(Tree{"a/1.yaml": ours("one"), "a/2.yaml": ours("two"), "b/3.yaml": ours("three")}, dir))
	written, err := Tree{"a/1.yaml": ours("one"), "a/2.yaml": ours("changed")}.Write(dir)
	require.NoError(t, err)
	require.Equal(t, Written{Wrote: []string{filepath.Join(dir, "a/2.yaml")}, Removed: []string{filepath.Join(dir, "b/3.yaml")}, Same: 1}, written)
}
