// SPDX-License-Identifier: Apache-2.0

package goldenfiles

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"
)

// Outputs are golden files that Pipelines have written: they have no header, so
// Ours finds them by their paths. All other files of the directory stay as they are.
type Outputs struct {
	Tree
	// Ours tells whether a path is one that a run could write now.
	Ours func(path string) bool
}

// Read reads the files below dir that are ours. There are none if dir does not exist.
func (o Outputs) Read(dir string) (Tree, error) {
	tree := Tree{}
	err := filepath.WalkDir(dir+string(filepath.Separator), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || !o.Ours(filepath.ToSlash(rel)) {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s: no ordinary file, where a golden file would be; move it away", path)
		}
		tree[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return tree, nil
	}
	return tree, err
}

// Write makes dir hold the files: it replaces files whole, and removes old ones of ours.
func (o Outputs) Write(dir string) (Written, error) {
	var w Written
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return w, err
	}
	old, err := o.Read(dir)
	if err != nil {
		return w, err
	}
	return o.replace(dir, old)
}

// Diff is the unified diff from old files to those of now; of binary files it has the SHA-256. It
// is empty if they are the same.
func (o Outputs) Diff(old Tree) []byte {
	paths := maps.Clone(old)
	maps.Copy(paths, o.Tree)
	var out bytes.Buffer
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		before, was := old[path]
		after, is := o.Tree[path]
		if was == is && bytes.Equal(before, after) {
			continue
		}
		from, to := name("expected/"+path, was), name("actual/"+path, is)
		switch {
		case !text(before) || !text(after):
			fmt.Fprintf(&out, "Binary files %s (%s) and %s (%s) differ\n", from, sum(before, was), to, sum(after, is))
		case bytes.Equal(before, after): // one is missing, and the other one is empty
			fmt.Fprintf(&out, "diff %[1]s %[2]s\n--- %[1]s\n+++ %[2]s\n", from, to)
		default:
			out.Write(diff.Diff(from, before, to, after))
		}
	}
	return out.Bytes()
}

func name(path string, there bool) string {
	if !there {
		return "/dev/null"
	}
	return path
}

func text(data []byte) bool { return utf8.Valid(data) && !bytes.ContainsRune(data, 0) }

func sum(data []byte, there bool) string {
	if !there {
		return "not there"
	}
	return fmt.Sprintf("sha256 %x", sha256.Sum256(data))
}
