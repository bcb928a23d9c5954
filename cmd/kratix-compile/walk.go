// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// extensions are what a directory is searched for.
var extensions = []string{".yaml", ".yml", ".json"}

// tests are the folders in which people keep copies of Promises and requests.
var tests = []string{"test", "tests", "testdata"}

// walk finds the files of a directory. It leaves out hidden files and folders.
type walk struct {
	root  string
	files []parse.File
	diags diag.List
}

func (w *walk) visit(path string, d fs.DirEntry, err error) error {
	hidden := path != w.root && strings.HasPrefix(d.Name(), ".")
	switch {
	case err != nil:
		return err
	case d.IsDir() && hidden:
		return fs.SkipDir
	case d.IsDir() || hidden:
	case d.Type()&fs.ModeSymlink != 0:
		w.link(path)
	case d.Type().IsRegular() && readable(path): // reading anything else, such as a pipe, could block
		w.add(path)
	}
	return nil
}

func readable(path string) bool {
	return slices.Contains(extensions, strings.ToLower(filepath.Ext(path)))
}

func (w *walk) add(path string) {
	origin := parse.Found
	if w.fixture(path) {
		origin = parse.Fixture
	}
	w.files = append(w.files, parse.File{Name: path, Origin: origin})
}

// fixture tells whether a file lies in a folder of tests, is a copy of what a container finds in
// /kratix/input, or is a golden file of what a Pipeline writes.
func (w *walk) fixture(path string) bool {
	below, err := filepath.Rel(w.root, path)
	below = filepath.ToSlash(below)
	return err == nil && (strings.HasSuffix(below, "input/object.yaml") || written.MatchString(below) ||
		slices.ContainsFunc(strings.Split(below, "/"), func(f string) bool { return slices.Contains(tests, f) }))
}

// written are paths of files that run writes with --output-dir and --expect: WORKFLOW/PIPELINE/output/FILE.
var written = regexp.MustCompile(`(^|/)(promise|resource)-(configure|delete)(\.[^/]+)?/[^/]+/(output|metadata)/`)

// link follows a link to a file. It follows no link to a directory, which may lead back here.
func (w *walk) link(path string) {
	target, err := os.Stat(path)
	leads, _ := os.Readlink(path)
	switch {
	case err != nil && (readable(path) || filepath.Ext(path) == ""):
		w.diags.AddPos(diag.LeftOut, diag.Pos{File: path}, "the link leads to %s, which cannot be read; mend it or remove it", leads)
	case err != nil:
	case target.IsDir():
		w.diags.AddPos(diag.OtherKind, diag.Pos{File: path}, "a link to the directory %s is not followed; name it with -f if it holds Promises", leads)
	case target.Mode().IsRegular() && readable(path):
		w.add(path)
	}
}
