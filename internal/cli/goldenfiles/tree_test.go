// SPDX-License-Identifier: Apache-2.0

package goldenfiles

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPath(t *testing.T) {
	assert.Equal(t, "redis/promise-configure.argo.yaml", Path(ofPromise("redis"), "argo"))
	assert.Equal(t, "redis/resource-delete.shop.sessions.tekton.yaml", Path(ofRequest("redis", "shop", "sessions"), "tekton"))

	long := strings.Repeat("n", 250)
	a, b := Path(ofRequest("redis", "shop", long+"a"), "tekton"), Path(ofRequest("redis", "shop", long+"b"), "tekton")
	assert.NotEqual(t, a, b)
	assert.LessOrEqual(t, len(filepath.Base(a)), 255)
	assert.True(t, strings.HasSuffix(a, ".tekton.yaml"), a)
}

func TestAdd(t *testing.T) {
	tree := Tree{}
	require.NoError(t, tree.Add("redis/promise-configure.argo.yaml", [][]byte{[]byte("kind: Role\n"), []byte("kind: Workflow\n")}))
	assert.Equal(t, Tree{"redis/promise-configure.argo.yaml": ours("---\nkind: Role\n---\nkind: Workflow\n")}, tree)
	assert.ErrorContains(t, tree.Add("redis/promise-configure.argo.yaml", nil), "no path for a file of its own", "nothing is lost")
}

// Names are valid by the time they come here. This package does not rely on it, because it
// writes and removes files.
func TestNamesLeadNowhereElse(t *testing.T) {
	for _, odd := range []string{"..", "../../x", "x/../y", "/etc/x", "a/b", `..\x`, `a\b`, "x/", "..x"} {
		for _, path := range []string{
			Path(ofPromise(odd), "argo"), Path(ofPromise("redis"), odd), Path(ofRequest(odd, "shop", "sessions"), "tekton"),
			Path(ofRequest("redis", odd, "sessions"), "tekton"), Path(ofRequest("redis", "shop", odd), "tekton"),
		} {
			assert.ErrorContains(t, Tree{}.Add(path, nil), "no path for a file of its own", path)
		}
	}
	for _, odd := range []string{"", "."} {
		assert.ErrorContains(t, Tree{}.Add(Path(ofPromise(odd), "argo"), nil), "no path for a file of its own", "promise %q", odd)
	}
}

func TestReadKnowsItsOwn(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a/x.yaml", ours("a: 1\n"))
	put(t, dir, "a/crlf.yaml", []byte(strings.ReplaceAll(string(ours("a: 1\nb: 2\n")), "\n", "\r\n")))
	put(t, dir, "a/foreign.yaml", []byte("a: 1\n"))
	put(t, dir, "a/empty.yaml", nil)
	put(t, dir, "a/notes.md", ours("a: 1\n"))
	put(t, dir, ".kratix-compile-123", ours("a: 1\n"))
	want := Tree{"a/x.yaml": ours("a: 1\n"), "a/crlf.yaml": ours("a: 1\nb: 2\n")}

	tree, err := Read(dir)
	require.NoError(t, err)
	assert.Equal(t, want, tree)

	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	tree, err = Read(link)
	require.NoError(t, err)
	assert.Equal(t, want, tree)
}

func TestReadOfWhatIsNoDirectory(t *testing.T) {
	dir := t.TempDir()
	_, err := Read(filepath.Join(dir, "missing"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	put(t, dir, "file", nil)
	_, err = Read(filepath.Join(dir, "file"))
	assert.ErrorContains(t, err, "not a directory")
}

func TestDiff(t *testing.T) {
	old := Tree{"b.yaml": []byte("x: 1\ny: 2\n"), "gone.yaml": []byte("g: 1\n"), "same.yaml": []byte("s: 1\n")}
	now := Tree{"b.yaml": []byte("x: 1\ny: 3\n"), "a.yaml": []byte("n: 1\n"), "same.yaml": []byte("s: 1\n")}
	assert.Equal(t, `diff /dev/null compiled/a.yaml
--- /dev/null
+++ compiled/a.yaml
@@ -0,0 +1,1 @@
+n: 1
diff golden/b.yaml compiled/b.yaml
--- golden/b.yaml
+++ compiled/b.yaml
@@ -1,2 +1,2 @@
 x: 1
-y: 2
+y: 3
diff golden/gone.yaml /dev/null
--- golden/gone.yaml
+++ /dev/null
@@ -1,1 +0,0 @@
-g: 1
`, string(Diff(old, now)))
	assert.Empty(t, Diff(old, old))
	assert.Empty(t, Diff(nil, nil))
}
