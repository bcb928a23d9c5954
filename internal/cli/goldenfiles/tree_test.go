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

	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
)

func TestPath(t *testing.T) {
	assert.Equal(t, "redis/promise-configure.argo.yaml", Path(promiseOutput("redis", "argo")))
	assert.Equal(t, "redis/resource-delete.shop.sessions.tekton.yaml", Path(requestOutput("redis", "shop", "sessions")))

	long := strings.Repeat("n", 250)
	a, b := Path(requestOutput("redis", "shop", long+"a")), Path(requestOutput("redis", "shop", long+"b"))
	assert.NotEqual(t, a, b)
	assert.LessOrEqual(t, len(filepath.Base(a)), 255)
	assert.True(t, strings.HasSuffix(a, ".tekton.yaml"), a)
}

func page(t *testing.T, o translate.Output) Page {
	t.Helper()
	p, err := Print(o, manifest.YAML)
	require.NoError(t, err)
	return p
}

func TestRender(t *testing.T) {
	tree, err := Render([]Page{page(t, promiseOutput("redis", "argo", object("Role", "a"), object("Workflow", "b")))})
	require.NoError(t, err)
	assert.Equal(t, Tree{"redis/promise-configure.argo.yaml": ours(
		"---\nkind: Role\nmetadata:\n  name: a\n---\nkind: Workflow\nmetadata:\n  name: b\n")}, tree)
}

func TestRenderLosesNothing(t *testing.T) {
	same := page(t, promiseOutput("redis", "argo"))
	_, err := Render([]Page{same, same})
	assert.ErrorContains(t, err, "no path for a file of its own")
}

// Names are valid by the time they come here. That they are is not for this
// package to believe, because it writes and removes files.
func TestNamesLeadNowhereElse(t *testing.T) {
	for _, odd := range []string{"..", "../../x", "x/../y", "/etc/x", "a/b", `..\x`, `a\b`, "x/", "..x"} {
		for _, o := range []translate.Output{
			promiseOutput(odd, "argo"), promiseOutput("redis", odd), requestOutput(odd, "shop", "sessions"),
			requestOutput("redis", odd, "sessions"), requestOutput("redis", "shop", odd),
		} {
			_, err := Render([]Page{page(t, o)})
			assert.ErrorContains(t, err, "no path for a file of its own", Path(o))
		}
	}
	for _, odd := range []string{"", "."} {
		_, err := Render([]Page{page(t, promiseOutput(odd, "argo"))})
		assert.ErrorContains(t, err, "no path for a file of its own", "promise %q", odd)
	}
}

func TestDistinct(t *testing.T) {
	account, role, other := object("ServiceAccount", "a"), object("Role", "a"), object("Role", "b")
	got := Distinct([]Page{
		page(t, promiseOutput("redis", "tekton", account, role)),
		page(t, promiseOutput("redis", "argo", account, other)),
	})
	want := page(t, promiseOutput("redis", "tekton", account, role, other))
	assert.Equal(t, want.Documents, got)
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
