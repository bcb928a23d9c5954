// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// archive is a tar of headers as they are; each file has as many x as its size says.
func archive(t testing.TB, headers ...*tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range headers {
		require.NoError(t, w.WriteHeader(h))
		if h.Typeflag == tar.TypeReg {
			_, err := io.WriteString(w, strings.Repeat("x", int(h.Size)))
			require.NoError(t, err)
		}
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func file(name string, size int64) *tar.Header { return header(Entry{Path: name, Size: size}) }

func changed(h *tar.Header, change func(h *tar.Header)) *tar.Header {
	change(h)
	return h
}

func TestReadRefuses(t *testing.T) {
	foreign := func(change func(h *tar.Header)) []byte { return archive(t, changed(file("output/a", 0), change)) }
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"up":               {archive(t, file("output/../x", 0)), `"output/../x" is not a clean relative path`},
		"absolute":         {archive(t, file("/output/x", 0)), `"/output/x" is not a clean relative path`},
		"dot":              {archive(t, file("./output/x", 0)), `"./output/x" is not a clean relative path`},
		"elsewhere":        {archive(t, file("input/x", 0)), `"input/x" is neither below output nor below metadata`},
		"the root":         {archive(t, file("output", 0)), `"output" is neither below`},
		"unknown metadata": {archive(t, file("metadata/x", 0)), `"metadata/x" is no metadata file of Kratix`},
		"invisible":        {archive(t, file("output/.g\u200cit", 0)), "cannot be seen"},
		"twice":            {archive(t, file("output/a", 0), file("output/a", 0)), `"output/a" is in the bundle twice or out of order`},
		"out of order":     {archive(t, file("output/a-b", 0), file("output/a/b", 0)), "twice or out of order"},
		"file and directory": {
			archive(t, file("output/a", 0), file("output/a/b", 0)), `"output/a/b" is in the bundle twice or out of order, after "output/a"`,
		},
		"symbolic link": {archive(t, &tar.Header{Typeflag: tar.TypeSymlink, Name: "output/a", Linkname: "/etc/passwd"}), `"output/a" is a link`},
		"hard link":     {archive(t, &tar.Header{Typeflag: tar.TypeLink, Name: "output/a", Linkname: "output/b"}), `"output/a" is a link`},
		"device":        {archive(t, &tar.Header{Typeflag: tar.TypeChar, Name: "output/a"}), `"output/a" is no ordinary file`},
		"pipe":          {archive(t, &tar.Header{Typeflag: tar.TypeFifo, Name: "output/a"}), `"output/a" is no ordinary file`},
		"deep directory": {
			archive(t, header(Entry{Path: "output/a/b", Dir: true})), `"output/a/b" is a directory; only empty ones right below output`,
		},
		"owner":      {foreign(func(h *tar.Header) { h.Uid = 1 }), ErrForeign.Error()},
		"mode":       {foreign(func(h *tar.Header) { h.Mode |= int64(fs.ModePerm) }), ErrForeign.Error()},
		"time":       {foreign(func(h *tar.Header) { h.ModTime = time.Unix(1, 0) }), ErrForeign.Error()},
		"attributes": {foreign(func(h *tar.Header) { h.PAXRecords = map[string]string{"SCHILY.xattr.user.x": "y"} }), ErrForeign.Error()},
		"large file": {archive(t, file("output/a", 61)), "has 61 bytes; a file there may have 60"},
		"much":       {archive(t, file("output/a", 60), file("output/b", 60)), "more than 100 bytes together"},
		"many": {
			archive(t, file("output/a", 0), file("output/b", 0), file("output/c", 0), file("output/d", 0), file("output/e", 0)), "more than 4 files",
		},
		"cut":         {archive(t, file("output/a", 9))[:515], "unexpected EOF"},
		"more":        {append(archive(t, file("output/a", 0)), 'x'), ErrForeign.Error()},
		"no archive":  {bytes.Repeat([]byte("x"), 600), "the bundle cannot be read: archive/tar: invalid tar header"},
		"no end":      {archive(t, file("output/a", 9))[:1024], ErrForeign.Error()},
		"half an end": {archive(t, file("output/a", 9))[:1536], ErrForeign.Error()},
		"endless":     {append(archive(t), make([]byte, 100_000)...), "longer than a bundle may be"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := unpack(c.in, small())
			assert.ErrorContains(t, err, c.want)
		})
	}
}

// fixChecksums repairs the checksums of headers that a fuzzer has changed.
func fixChecksums(data []byte) {
	for ; len(data) >= block; data = data[block:] {
		header := data[:block]
		if string(header[257:262]) != "ustar" {
			continue
		}
		copy(header[148:156], "        ")
		sum := 0
		for _, c := range header {
			sum += int(c)
		}
		copy(header[148:156], fmt.Sprintf("%06o\x00 ", sum))
	}
}

// With any input, no entry is outside the directories or beyond the limits, and what is
// accepted is what WriteTo would have written.
func FuzzRead(f *testing.F) {
	f.Add(archive(f, file("metadata/status.yaml", 3), file("output/a", 5), header(Entry{Path: "output/b", Dir: true})))
	f.Add(archive(f, file("output/"+strings.Repeat("ü/", 9)+"x", 1)))
	f.Add(archive(f, &tar.Header{Typeflag: tar.TypeSymlink, Name: "output/a", Linkname: "/etc/passwd"}))
	f.Add(archive(f, changed(file("output/a", 0), func(h *tar.Header) { h.PAXRecords = map[string]string{"GNU.sparse.major": "1"} })))
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := small()
		data = bytes.Clone(data)
		fixChecksums(data)
		found, order, err := unpack(data, limits)
		total := 0
		for name, content := range found {
			require.NoError(t, checkPath(strings.TrimSuffix(name, "/"), limits))
			require.LessOrEqual(t, len(content), int(limits.FileBytes))
			total += len(content)
		}
		require.LessOrEqual(t, total, int(limits.Bytes))
		require.LessOrEqual(t, len(order), limits.Entries)
		if err != nil {
			return
		}
		var again bytes.Buffer
		w := tar.NewWriter(&again)
		for _, name := range order {
			path, dir := strings.CutSuffix(name, "/")
			require.NoError(t, w.WriteHeader(header(Entry{Path: path, Size: int64(len(found[name])), Dir: dir})))
			_, err := io.WriteString(w, found[name])
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		assert.Equal(t, again.Bytes(), data)
	})
}

// Files of containers are either refused or read back as they were written.
func FuzzRoundTrip(f *testing.F) {
	f.Add("a/b.yaml", "kind: B", "a-b.yaml", "")
	f.Add("ü", "\x00", ".git/config", "x")
	f.Fuzz(func(t *testing.T, name, content, name2, content2 string) {
		want := files{"output/" + name: content, "output/" + name2: content2}
		limits := small()
		for path := range want {
			if checkPath(path, limits) != nil {
				return
			}
		}
		if name == name2 || strings.HasPrefix(name+"/", name2+"/") || strings.HasPrefix(name2+"/", name+"/") {
			return
		}
		have, _, err := unpack(pack(t, want.lay(t)), DefaultLimits())
		require.NoError(t, err)
		assert.Equal(t, want, have)
	})
}
