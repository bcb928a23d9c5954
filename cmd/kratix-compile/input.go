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
	"strings"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// maxFile is the largest file read, in bytes. One document may have 3 MiB; a
// file may hold many.
const maxFile = 256 << 20

// stdin is the name that users give for stdin. unnamed is its name in positions, unless
// --stdin-filename gives another one.
const (
	stdin   = "-"
	unnamed = "<stdin>"
)

// reader reads what -f and --request name, each path once.
type reader struct {
	stdin     io.Reader
	stdinName string
	seen      map[string]bool
	bytes     int
	// diags are about files that are left out.
	diags diag.List
}

// all reads the files, and those of directories in lexical order.
func (r *reader) all(names []string) ([]parse.File, error) {
	var files []parse.File
	for _, name := range names {
		listed, err := r.expand(name)
		if err != nil {
			return nil, err
		}
		for _, file := range listed {
			if r.readBefore(file.Name) {
				continue
			}
			if err := r.fill(&file); err != nil {
				return nil, err
			}
			files = append(files, file)
			r.bytes += len(file.Data)
		}
	}
	return files, nil
}

// readBefore tells whether a path was read before, as with -f a.yaml -f .
func (r *reader) readBefore(path string) bool {
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

// fill reads the bytes of a file.
func (r *reader) fill(file *parse.File) (err error) {
	if file.Name == stdin {
		file.Name = cmp.Or(r.stdinName, unnamed)
		file.Data, err = readAll(r.stdin, file.Name)
		return err
	}
	file.Data, err = readFile(file.Name)
	return err
}

// expand lists the files below a directory. Any other name stands for itself.
func (r *reader) expand(name string) ([]parse.File, error) {
	if name == stdin {
		return []parse.File{{Name: name}}, nil
	}
	if strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://") {
		return nil, console.Trouble("%s: nothing is downloaded; pipe it in with curl -fsSL %s | kratix-compile -f -", name, name)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, fileError(err)
	}
	if !info.IsDir() {
		return []parse.File{{Name: name}}, nil
	}
	w := walk{root: name + string(filepath.Separator)} // follows a link to a directory
	if err := filepath.WalkDir(w.root, w.visit); err != nil {
		return nil, fileError(err)
	}
	r.diags.Append(w.diags)
	if len(w.files) == 0 {
		return nil, console.Trouble("%s: the directory has no %s files", name, strings.Join(extensions, ", "))
	}
	return w.files, nil
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
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
		return nil, console.Trouble("%s: more than %d MiB; split the file", name, maxFile>>20)
	}
	return data, nil
}

// fileError words an error of the file system as "name: what is wrong". The name is the one
// that the user knows: stdin calls itself /dev/stdin.
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
	return console.Exit{Code: console.Usage, Message: message, Cause: err}
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
