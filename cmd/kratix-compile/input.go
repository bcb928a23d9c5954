// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// maxFile is the largest file read, in bytes. One document may have 3 MiB; a
// file may hold many.
const maxFile = 256 << 20

// stdin is what users write for it, and unnamed how positions in it are
// written without --stdin-filename.
const (
	stdin   = "-"
	unnamed = "<stdin>"
)

// extensions are what a directory is searched for.
var extensions = []string{".yaml", ".yml", ".json"}

// reader reads what -f and --request name, each path once.
type reader struct {
	stdin     io.Reader
	stdinName string
	seen      map[string]bool
	bytes     int
}

// all reads the files, and those of directories in lexical order.
func (r *reader) all(names []string) ([]parse.File, error) {
	var files []parse.File
	for _, name := range names {
		paths, err := expand(name)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if r.again(path) {
				continue
			}
			file, err := r.one(path)
			if err != nil {
				return nil, err
			}
			files = append(files, file)
			r.bytes += len(file.Data)
		}
	}
	return files, nil
}

// again tells whether a path was read before, as with -f a.yaml -f .
func (r *reader) again(path string) bool {
	if absolute, err := filepath.Abs(path); err == nil && path != stdin {
		path = absolute
	}
	if r.seen[path] {
		return true
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[path] = true
	return false
}

func (r *reader) one(path string) (parse.File, error) {
	if path == stdin {
		name := cmp.Or(r.stdinName, unnamed)
		data, err := readAll(r.stdin, name)
		return parse.File{Name: name, Data: data}, err
	}
	data, err := readFile(path)
	return parse.File{Name: path, Data: data}, err
}

// expand names the files below a directory, and anything else itself.
func expand(name string) ([]string, error) {
	if name == stdin {
		return []string{name}, nil
	}
	if strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://") {
		return nil, trouble("%s: nothing is downloaded; pipe it in with curl -fsSL %s | kratix-compile -f -", name, name)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, fileError(err)
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	paths, err := below(name)
	if err != nil {
		return nil, fileError(err)
	}
	if len(paths) == 0 {
		return nil, trouble("%s: the directory has no %s files", name, strings.Join(extensions, ", "))
	}
	return paths, nil
}

// below finds the files of a directory, hidden ones and hidden folders apart.
func below(dir string) ([]string, error) {
	root := dir + string(filepath.Separator) // follows a link to a directory
	var paths []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		hidden := path != root && strings.HasPrefix(d.Name(), ".")
		switch {
		case err != nil:
			return err
		case d.IsDir() && hidden:
			return fs.SkipDir
		case usable(path, d) && !hidden && slices.Contains(extensions, strings.ToLower(filepath.Ext(path))):
			paths = append(paths, path)
		}
		return nil
	})
	return paths, err
}

// usable tells files and links to them from what one could wait for for ever.
func usable(path string, d fs.DirEntry) bool {
	if d.Type()&fs.ModeSymlink == 0 {
		return d.Type().IsRegular()
	}
	target, err := os.Stat(path)
	return err == nil && target.Mode().IsRegular()
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	return readAll(f, path)
}

func readAll(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fileError(&fs.PathError{Op: "read", Path: name, Err: err})
	}
	if len(data) > maxFile {
		return nil, trouble("%s: more than %d MiB; split the file", name, maxFile>>20)
	}
	return data, nil
}

// fileError words an error of the file system as "name: what is wrong", by the
// name that we know the file under: stdin calls itself /dev/stdin.
func fileError(err error) error {
	if err == nil {
		return nil
	}
	message := err.Error()
	if named, ok := errors.AsType[*fs.PathError](err); ok {
		reason := named.Err
		if inner, ok := errors.AsType[*fs.PathError](reason); ok {
			reason = inner.Err
		}
		message = fmt.Sprintf("%s: %s", named.Path, reason)
	}
	return exit{code: exitUsage, message: message, cause: err}
}

// sources finds lines for the findings' snippets.
type sources map[string]*parse.Lines

func newSources(groups ...[]parse.File) sources {
	s := sources{}
	for _, files := range groups {
		for _, f := range files {
			s[f.Name] = f.Lines()
		}
	}
	return s
}

func (s sources) Line(file string, n int) string { return s[file].Line(n) }
