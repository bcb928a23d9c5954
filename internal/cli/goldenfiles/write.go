// SPDX-License-Identifier: Apache-2.0

package goldenfiles

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// Written are the paths that Write has changed; Same is the number of those that it left.
type Written struct {
	Wrote, Removed []string
	Same           int
}

// Write makes dir hold the tree. It writes all new contents to disk first. Then it replaces
// files whole and removes old ones of ours. If a foreign file is in the way, Write fails and
// leaves the file alone.
func (t Tree) Write(dir string) (Written, error) {
	var w Written
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return w, err
	}
	old, err := Read(dir)
	if err != nil {
		return w, err
	}
	return t.replace(dir, old)
}

// replace writes what old does not have, and removes what is old. Only what is in the way goes first.
func (t Tree) replace(dir string, old Tree) (w Written, err error) {
	inTheWay := t.inTheWay(old)
	if w.Removed, err = t.prune(dir, inTheWay); err != nil {
		return w, err
	}
	maps.DeleteFunc(old, func(path string, _ []byte) bool { _, gone := inTheWay[path]; return gone })
	if err := t.foreignDirectory(dir); err != nil {
		return w, err
	}
	staged, err := t.stage(dir, old)
	defer discard(staged)
	if err != nil {
		return w, err
	}
	for _, s := range staged {
		if err := os.Rename(s.temporary, s.final); err != nil {
			return w, err
		}
		w.Wrote = append(w.Wrote, s.final)
	}
	w.Same = len(t) - len(staged)
	stale, err := t.prune(dir, old)
	w.Removed = append(w.Removed, stale...)
	return w, err
}

// inTheWay are the old files that are a directory in the tree, and those in a directory that is a file
// there: the old a/b is in the way of a new a/b/c, and of a new a.
func (t Tree) inTheWay(old Tree) Tree {
	directories, found := t.directories(), Tree{}
	for path, data := range old {
		inFile := slices.ContainsFunc(above(path), func(dir string) bool { _, file := t[dir]; return file })
		if directories[path] || inFile {
			found[path] = data
		}
	}
	return found
}

// directories are those of all files of the tree.
func (t Tree) directories() map[string]bool {
	all := map[string]bool{}
	for file := range t {
		for _, dir := range above(file) {
			all[dir] = true
		}
	}
	return all
}

// foreignDirectory finds what is no directory where one of the tree would be. Through a link, files
// would be written to elsewhere, and Read would not find them again.
func (t Tree) foreignDirectory(dir string) error {
	for _, wanted := range slices.Sorted(maps.Keys(t.directories())) {
		at := filepath.Join(dir, filepath.FromSlash(wanted))
		if info, err := os.Lstat(at); err == nil && !info.IsDir() {
			return fmt.Errorf("%s: no directory, where one of golden files would be; move it away", at)
		}
	}
	return nil
}

// above are the directories of a path: a/b and a for a/b/c.
func above(file string) (all []string) {
	for dir := path.Dir(file); dir != "." && dir != "/"; dir = path.Dir(dir) {
		all = append(all, dir)
	}
	return all
}

// pending is a file that has its new content but not its final name yet.
type pending struct{ temporary, final string }

// discard removes the files that did not get their names. If all went well, there are none.
func discard(staged []pending) {
	for _, s := range staged {
		_ = os.Remove(s.temporary)
	}
}

// stage writes what has changed beside its final place.
func (t Tree) stage(dir string, old Tree) ([]pending, error) {
	var staged []pending
	for _, path := range t.paths() {
		if before, there := old[path]; there && bytes.Equal(before, t[path]) {
			continue
		}
		final := filepath.Join(dir, filepath.FromSlash(path))
		if _, ours := old[path]; !ours && exists(final) {
			return staged, fmt.Errorf("%s: not made by kratix-compile; move it away", final)
		}
		temporary, err := writeBeside(final, t[path])
		if temporary != "" {
			staged = append(staged, pending{temporary, final})
		}
		if err != nil {
			return staged, err
		}
	}
	return staged, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func writeBeside(final string, data []byte) (temporary string, err error) {
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(final), ".kratix-compile-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	return f.Name(), errors.Join(err, f.Chmod(0o644), f.Close())
}

// prune removes the files that are ours and not in the tree.
func (t Tree) prune(dir string, old Tree) (removed []string, err error) {
	for _, path := range old.paths() {
		if _, fresh := t[path]; fresh {
			continue
		}
		stale := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.Remove(stale); err != nil && !errors.Is(err, fs.ErrNotExist) { // another run may have been faster
			return removed, err
		}
		removed = append(removed, stale)
		removeEmpty(dir, filepath.Dir(filepath.FromSlash(path)))
	}
	return removed, nil
}

// removeEmpty removes the directories that are empty without an old file, up to the root, which
// stays.
func removeEmpty(root, dir string) {
	for ; dir != "."; dir = filepath.Dir(dir) {
		if os.Remove(filepath.Join(root, dir)) != nil { // not empty, or not ours to remove
			return
		}
	}
}
