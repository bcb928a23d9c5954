// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// files are paths of entries and what is in them; a path that ends in / is a directory.
type files map[string]string

// lay puts them on disk.
func (f files) lay(t testing.TB) Directories {
	t.Helper()
	root := t.TempDir()
	dirs := Directories{Output: filepath.Join(root, Output), Metadata: filepath.Join(root, Metadata)}
	for _, dir := range []string{dirs.Output, dirs.Metadata} {
		require.NoError(t, os.Mkdir(dir, 0o755))
	}
	for name, content := range f {
		file := filepath.Join(root, name)
		if strings.HasSuffix(name, "/") {
			require.NoError(t, os.MkdirAll(file, 0o755))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	}
	return dirs
}

// pack is the bundle of directories.
func pack(t testing.TB, dirs Directories) []byte {
	t.Helper()
	tree, err := Scan(dirs, DefaultLimits())
	require.NoError(t, err)
	digest, size, err := tree.Digest()
	require.NoError(t, err)
	var out bytes.Buffer
	n, err := tree.WriteTo(&out)
	require.NoError(t, err)
	again, _, err := tree.Digest()
	require.NoError(t, err)
	assert.Equal(t, size, n)
	assert.EqualValues(t, out.Len(), n)
	assert.Equal(t, digest, again)
	return out.Bytes()
}

// unpack reads a bundle to its end.
func unpack(data []byte, limits Limits) (files, []string, error) {
	found, order := files{}, []string(nil)
	reader := NewReader(bytes.NewReader(data), limits)
	for {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found, order, nil
		}
		if err != nil {
			return found, order, err
		}
		name := entry.Path
		if entry.Dir {
			name += "/"
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return found, order, err
		}
		found[name], order = string(content), append(order, name)
	}
}

var long = strings.Repeat("long/", 60) + "name.yaml"

var sample = files{
	"metadata/status.yaml":           "message: hello\n",
	"metadata/notes.txt":             "means nothing",
	"output/a.yaml":                  "kind: A\n",
	"output/a/b.yaml":                "kind: B\n",
	"output/a-b.yaml":                "",
	"output/.hidden":                 "seen",
	"output/größe 1.yaml":            "kind: ß\n",
	"output/" + long:                 strings.Repeat("x", 5000),
	"output/networking/":             "",
	"output/storage/deep/down/":      "",
	"output/a/empty/":                "",
	"output/networking-2/first.yaml": "",
}

// The order is that of a walk; directories without files below the first level are left
// out.
var sampleOrder = []string{
	"metadata/status.yaml", "output/.hidden", "output/a/b.yaml", "output/a-b.yaml", "output/a.yaml", "output/größe 1.yaml",
	"output/" + long, "output/networking/", "output/networking-2/first.yaml", "output/storage/",
}

func TestRoundTrip(t *testing.T) {
	have, order, err := unpack(pack(t, sample.lay(t)), DefaultLimits())
	require.NoError(t, err)
	assert.Equal(t, sampleOrder, order)
	for name, content := range have {
		assert.Equal(t, sample[name], content, name)
	}
}

// The digest must not change with a release of this program or of Go: a step's second
// attempt would be a conflict.
func TestTheBytesAreForEver(t *testing.T) {
	first, second := sample.lay(t), sample.lay(t)
	require.NoError(t, os.Chmod(filepath.Join(second.Output, "a.yaml"), 0o777))
	require.NoError(t, os.Chtimes(filepath.Join(second.Output, "a.yaml"), testTime, testTime))
	assert.Equal(t, pack(t, first), pack(t, second))

	tree, err := Scan(first, DefaultLimits())
	require.NoError(t, err)
	assert.Equal(t, []string{"notes.txt"}, tree.Ignored)
	digest, _, err := tree.Digest()
	require.NoError(t, err)
	assert.Equal(t, "1f5663b1acaf2954248d86bbeffe8268bd3d82157a42e9832e6abfb0ba2f73b6", digest.String())
}

func TestLeavingOutTheOutput(t *testing.T) {
	dirs := sample.lay(t)
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dirs.Output, "link")))
	dirs.Output = ""
	_, order, err := unpack(pack(t, dirs), DefaultLimits())
	require.NoError(t, err)
	assert.Equal(t, []string{"metadata/status.yaml"}, order)
}

func TestNothingIsABundleToo(t *testing.T) {
	data := pack(t, files{}.lay(t))
	assert.Len(t, data, trailerBytes)
	contents, err := Inspect(bytes.NewReader(data), DefaultLimits())
	require.NoError(t, err)
	assert.Equal(t, Contents{Metadata: map[string][]byte{}}, contents)
}

func TestInspect(t *testing.T) {
	contents, err := Inspect(bytes.NewReader(pack(t, sample.lay(t))), DefaultLimits())
	require.NoError(t, err)
	assert.Equal(t, Contents{
		Metadata:    map[string][]byte{"status.yaml": []byte("message: hello\n")},
		Directories: []string{"a", "long", "networking", "networking-2", "storage"},
		Files:       7, Bytes: 5000 + 8 + 8 + 4 + 9,
	}, contents)
}

// No bundle within the limits is larger than Size says.
func TestSizeIsABound(t *testing.T) {
	limits := Limits{Bytes: 100, FileBytes: 100, MetadataBytes: 100, Entries: 3, PathBytes: 240}
	name := strings.Repeat("ü", 119) + "/"
	tree, err := Scan(files{"output/" + name + "1": strings.Repeat("x", 100), "output/" + name + "2": ""}.lay(t), limits)
	require.NoError(t, err)
	_, size, err := tree.Digest()
	require.NoError(t, err)
	assert.LessOrEqual(t, size, limits.Size())
}
