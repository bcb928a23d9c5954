// SPDX-License-Identifier: Apache-2.0

//go:build unix

package local

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
)

func small() bundle.Limits {
	return bundle.Limits{Bytes: 100, FileBytes: 60, MetadataBytes: 20, Entries: 4, PathBytes: 100}
}

func regular(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644}
}

func dir(name string) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}
}

func link(name, to string) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to}
}

// stream is a tar archive; each file has as many x as its size says, but 1000 at most.
func stream(t *testing.T, headers ...*tar.Header) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range headers {
		require.NoError(t, w.WriteHeader(h))
		if h.Typeflag == tar.TypeReg {
			_, err := w.Write(bytes.Repeat([]byte("x"), int(min(h.Size, 1000))))
			require.NoError(t, err)
		}
	}
	_ = w.Close() // it fails if a file is cut
	return &out
}

// judged is what unpack and then the harvest say of a stream, and all that is on the disk then.
func judged(t *testing.T, half string, from *bytes.Buffer) (found []string, closed []string, err error) {
	t.Helper()
	outside := t.TempDir()
	at := filepath.Join(outside, "in")
	require.NoError(t, os.Mkdir(at, 0o755))
	closed, err = unpack(from, at, half, small())
	dirs := bundle.Directories{Output: at}
	if half == bundle.Metadata {
		dirs = bundle.Directories{Metadata: at}
	}
	if err == nil {
		_, err = bundle.Scan(dirs, small())
	}
	require.NoError(t, filepath.WalkDir(outside, func(path string, d fs.DirEntry, err error) error {
		if path != outside && path != at {
			info, err := d.Info()
			require.NoError(t, err)
			require.True(t, d.IsDir() || info.Mode().IsRegular(), path)
			found = append(found, strings.TrimPrefix(path, outside+"/"))
		}
		return err
	}))
	return found, closed, err
}

func TestUnpack(t *testing.T) {
	hard := &tar.Header{Typeflag: tar.TypeLink, Name: "/b", Linkname: "/a/x"}
	for name, headers := range map[string][]*tar.Header{
		"docker": {dir("output/"), dir("output/a/"), regular("output/a/x", 3), {Typeflag: tar.TypeLink, Name: "output/b", Linkname: "output/a/x"}},
		"podman": {dir("/"), dir("/a"), regular("/a/x", 3), hard},
		"dots":   {dir("./"), dir("./a/"), regular("./a/x", 3), {Typeflag: tar.TypeLink, Name: "./b", Linkname: "./a/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			found, closed, err := judged(t, bundle.Output, stream(t, headers...))
			require.NoError(t, err)
			assert.Equal(t, []string{"in/a", "in/a/x", "in/b"}, found)
			assert.Empty(t, closed)
		})
	}
}

// TestHostileStreams: nothing outside of the directory is written, nothing in it is a link, and
// the error is that of the harvest.
func TestHostileStreams(t *testing.T) {
	root := dir("output/")
	var many []*tar.Header
	for i := range 1000 {
		many = append(many, regular(fmt.Sprintf("output/%d", i), 0))
	}
	for name, c := range map[string]struct {
		headers []*tar.Header
		want    string
		left    int
	}{
		"symbolic link":       {[]*tar.Header{root, link("output/a", "/etc/passwd")}, `"output/a" is a symbolic link; write the file itself there`, 0},
		"through a link":      {[]*tar.Header{root, link("output/a", ".."), regular("output/a/x", 1)}, `"output/a" is a symbolic link`, 0},
		"device":              {[]*tar.Header{root, {Typeflag: tar.TypeBlock, Name: "output/a"}}, `"output/a" is a device`, 0},
		"pipe":                {[]*tar.Header{root, {Typeflag: tar.TypeFifo, Name: "output/a"}}, `"output/a" is a named pipe`, 0},
		"continuous":          {[]*tar.Header{root, {Typeflag: tar.TypeCont, Name: "output/a"}}, `"output/a" is no ordinary file`, 0},
		"larger than a disk":  {[]*tar.Header{root, regular("output/a", 1<<62)}, "", 1},
		"up":                  {[]*tar.Header{root, regular("output/../../x", 1)}, "path escapes from parent", 0},
		"absolute":            {[]*tar.Header{root, regular("/../x", 1)}, "", 1},
		"hard link up":        {[]*tar.Header{root, {Typeflag: tar.TypeLink, Name: "output/a", Linkname: "../../etc/passwd"}}, "path escapes from parent", 0},
		"hard link to a link": {[]*tar.Header{root, link("output/a", "/etc/passwd"), {Typeflag: tar.TypeLink, Name: "output/b", Linkname: "output/a"}}, `"output/a" is a symbolic link`, 0},
		"twice":               {[]*tar.Header{root, regular("output/a", 1), regular("output/a", 1)}, `"a" is there twice; a disk that ignores case has one name for A and a`, 1},
		"file and directory":  {[]*tar.Header{root, regular("output/a", 1), regular("output/a/b", 1)}, "not a directory", 1},
		"no directory":        {[]*tar.Header{root, regular("output/a/b/c", 1)}, "no such file or directory", 0},
		"many":                {append([]*tar.Header{root}, many...), "there are more than 4 files and directories", 5},
		"large":               {[]*tar.Header{root, regular("output/a", 10<<30)}, `"output/a" has 10737418240 bytes; a file there may have 60`, 1},
		"much":                {[]*tar.Header{root, regular("output/a", 60), regular("output/b", 60), regular("output/c", 60)}, "more than 100 bytes together", 2},
		"git":                 {[]*tar.Header{root, dir("output/.git"), regular("output/.git/config", 1)}, "reserved by Git", 2},
	} {
		t.Run(name, func(t *testing.T) {
			found, _, err := judged(t, bundle.Output, stream(t, c.headers...))
			switch {
			case name == "larger than a disk": // the harvest says it if this disk can make such a file
				require.Error(t, err)
			case c.want == "":
				require.NoError(t, err)
			default:
				require.ErrorContains(t, err, c.want)
			}
			assert.Len(t, found, c.left)
			for _, path := range found {
				assert.Regexp(t, "^in/", path)
			}
		})
	}
}

func TestMetadataThatMeansNothing(t *testing.T) {
	found, _, err := judged(t, bundle.Metadata, stream(t, dir("metadata/"), link("metadata/link", "/etc"), regular("metadata/status.yaml", 3)))
	require.NoError(t, err)
	assert.Equal(t, []string{"in/link", "in/status.yaml"}, found)
	_, _, err = judged(t, bundle.Metadata, stream(t, dir("metadata/"), link("metadata/status.yaml", "/etc/passwd")))
	assert.ErrorContains(t, err, `"metadata/status.yaml" is a symbolic link`)
}

// TestMetadataBehindWhatMeansNothing: whatever is before it, the harvest in a cluster takes it.
func TestMetadataBehindWhatMeansNothing(t *testing.T) {
	headers := []*tar.Header{dir("metadata/"), regular("metadata/debug.log", 50), dir("metadata/cache/")}
	for i := range 20 {
		headers = append(headers, regular(fmt.Sprintf("metadata/cache/%d", i), 50))
	}
	headers = append(headers, regular("metadata/status.yaml", 3), &tar.Header{Typeflag: tar.TypeLink, Name: "metadata/zz", Linkname: "metadata/cache/1"})
	headers[1].Mode = 0o600
	found, closed, err := judged(t, bundle.Metadata, stream(t, headers...))
	require.NoError(t, err)
	assert.Equal(t, []string{"in/cache", "in/debug.log", "in/status.yaml", "in/zz"}, found)
	assert.Empty(t, closed, "the harvest does not open it")

	linked := &tar.Header{Typeflag: tar.TypeLink, Name: "metadata/status.yaml", Linkname: "metadata/debug.log"}
	_, _, err = judged(t, bundle.Metadata, stream(t, dir("metadata/"), regular("metadata/debug.log", 3), linked))
	assert.EqualError(t, err, `"metadata/status.yaml" and "metadata/debug.log" are one file; copy it`)

	headers = []*tar.Header{dir("metadata/"), regular("metadata/debug.log", 3)}
	for range 2 * shownFaults {
		headers = append(headers, linked)
	}
	_, err = unpack(stream(t, headers...), t.TempDir(), bundle.Metadata, bundle.DefaultLimits())
	require.Error(t, err)
	assert.Len(t, strings.Split(err.Error(), "\n"), shownFaults)
}

// TestClosedFiles: in a cluster, the harvest is not root.
func TestClosedFiles(t *testing.T) {
	closed := func(h *tar.Header, mode int64, uid int) *tar.Header {
		h.Mode, h.Uid = mode, uid
		return h
	}
	_, found, err := judged(t, bundle.Output, stream(t, closed(dir("/"), 0o700, 0),
		closed(dir("/a"), 0o700, 0), closed(regular("/b", 0), 0o600, 1000), closed(regular("/c", 0), 0o600, harvestUser), regular("/d", 0)))
	require.NoError(t, err)
	assert.Equal(t, []string{"output", "output/a", "output/b"}, found)
}

func TestBrokenStreams(t *testing.T) {
	whole := stream(t, dir("output/"), regular("output/a", 50)).Bytes()
	for name, cut := range map[string][]byte{"cut": whole[:1030], "no archive": bytes.Repeat([]byte("x"), 600)} {
		_, _, err := judged(t, bundle.Output, bytes.NewBuffer(cut))
		assert.ErrorContains(t, err, "read /kratix/output from the container engine", name)
	}
}

// FuzzUnpack demands of any name that nothing is written outside of the directory.
func FuzzUnpack(f *testing.F) {
	f.Add("output/a", "../b")
	f.Add("/../a", "/etc/passwd")
	f.Fuzz(func(t *testing.T, name, to string) {
		for _, kind := range []byte{tar.TypeReg, tar.TypeSymlink, tar.TypeLink, tar.TypeDir} {
			var out bytes.Buffer
			w := tar.NewWriter(&out)
			if w.WriteHeader(dir("output/")) != nil || w.WriteHeader(&tar.Header{Typeflag: kind, Name: name, Linkname: to}) != nil {
				return
			}
			_ = w.Close()
			found, _, _ := judged(t, bundle.Output, &out)
			for _, path := range found {
				require.True(t, strings.HasPrefix(path, "in/"), path)
			}
		}
	})
}
