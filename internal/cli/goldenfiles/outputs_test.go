// SPDX-License-Identifier: Apache-2.0

package goldenfiles

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// outputs are files of which those below ours/ belong to a run.
func outputs(files map[string]string) Outputs {
	o := Outputs{Tree: Tree{}, Ours: func(path string) bool { return strings.HasPrefix(path, "ours/") }}
	for path, text := range files {
		o.Tree[path] = []byte(text)
	}
	return o
}

func TestOutputsAreRewrittenAndPruned(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "README.md", []byte("a person's"))
	put(t, dir, "theirs/b", []byte("a person's"))
	put(t, dir, "ours/same", []byte("same"))
	put(t, dir, "ours/old/gone", []byte("old"))
	put(t, dir, "ours/changed", []byte("old"))
	now := outputs(map[string]string{"ours/same": "same", "ours/changed": "new", "ours/deep/down/new": "", "ours/binary": "\x00\xff"})
	written, err := now.Write(dir)
	require.NoError(t, err)
	assert.Equal(t, Written{
		Wrote:   []string{filepath.Join(dir, "ours/binary"), filepath.Join(dir, "ours/changed"), filepath.Join(dir, "ours/deep/down/new")},
		Removed: []string{filepath.Join(dir, "ours/old/gone")}, Same: 1,
	}, written)
	have, err := now.Read(dir)
	require.NoError(t, err)
	assert.Equal(t, now.Tree, have)
	assert.Empty(t, now.Diff(have))
	assert.NoDirExists(t, filepath.Join(dir, "ours/old"))
	assert.FileExists(t, filepath.Join(dir, "README.md"))
	assert.FileExists(t, filepath.Join(dir, "theirs/b"))
}

// A Pipeline may make a directory where it wrote a file, and a file where it had a directory.
func TestFileBecomesDirectoryAndBack(t *testing.T) {
	dir := t.TempDir()
	file, directory := outputs(map[string]string{"ours/a": "x"}), outputs(map[string]string{"ours/a/b/c": "x"})
	for _, now := range []Outputs{file, directory, file} {
		_, err := now.Write(dir)
		require.NoError(t, err)
		have, err := now.Read(dir)
		require.NoError(t, err)
		assert.Equal(t, now.Tree, have)
	}
	put(t, dir, "ours/a", []byte("x"))
	written, err := directory.Write(dir)
	require.NoError(t, err)
	assert.Equal(t, Written{Wrote: []string{filepath.Join(dir, "ours/a/b/c")}, Removed: []string{filepath.Join(dir, "ours/a")}}, written)
}

func TestDiffOfOutputs(t *testing.T) {
	now := outputs(map[string]string{"ours/a": "one\ntwo\n", "ours/b": "\x00", "ours/c": "new\n", "ours/e": ""})
	old := Tree{"ours/a": []byte("one\n2\n"), "ours/b": []byte("\x01\x00"), "ours/d": []byte("old\n")}
	assert.Equal(t, `diff expected/ours/a actual/ours/a
--- expected/ours/a
+++ actual/ours/a
@@ -1,2 +1,2 @@
 one
-2
+two
Binary files expected/ours/b (sha256 B1) and actual/ours/b (sha256 B2) differ
diff /dev/null actual/ours/c
--- /dev/null
+++ actual/ours/c
@@ -0,0 +1,1 @@
+new
diff expected/ours/d /dev/null
--- expected/ours/d
+++ /dev/null
@@ -1,1 +0,0 @@
-old
diff /dev/null actual/ours/e
--- /dev/null
+++ actual/ours/e
`, strings.NewReplacer(sum(old["ours/b"], true), "sha256 B1", sum(now.Tree["ours/b"], true), "sha256 B2").Replace(string(now.Diff(old))))
}

func TestReadOfOutputs(t *testing.T) {
	none, err := outputs(nil).Read(filepath.Join(t.TempDir(), "missing"))
	require.NoError(t, err)
	assert.Empty(t, none)
	dir := t.TempDir()
	put(t, dir, "ours/x", []byte("x"))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "ours/link")))
	_, err = outputs(nil).Read(dir)
	assert.ErrorContains(t, err, "ours/link: no ordinary file")
}
