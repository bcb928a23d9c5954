// SPDX-License-Identifier: Apache-2.0

// Package goldenfiles keeps a directory of golden files equal to what the compiler prints. Each
// file has one workflow of one object for one backend. The package changes only files that
// begin with its header.
package goldenfiles

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// header is the first line of every file that is ours.
const header = "# Made by kratix-compile. Do not edit: `kratix-compile --output-dir` writes it anew.\n"

// maxFileName leaves room below the 255 bytes of common file systems.
const maxFileName = 200

// Tree maps slash-separated relative paths to contents.
type Tree map[string][]byte

// Add puts a file of printed objects into the tree.
func (t Tree) Add(path string, documents [][]byte) error {
	if !wellFormed(path) || t[path] != nil {
		return fmt.Errorf("bug: %q is no path for a file of its own", path)
	}
	text := bytes.NewBufferString(header)
	if err := manifest.Join(text, documents, manifest.YAML); err != nil {
		return err
	}
	t[path] = text.Bytes()
	return nil
}

// wellFormed demands one folder and one file in it. A name that looks like a path would lead
// out of the directory, or into the folder of another Promise.
func wellFormed(path string) bool {
	folder, file, _ := strings.Cut(path, "/")
	for _, segment := range []string{folder, file} {
		if strings.ContainsAny(segment, `/\`) || strings.Contains(segment, "..") || segment == "." {
			return false
		}
	}
	return filepath.IsLocal(filepath.FromSlash(path)) && file != ""
}

// Path is the file of a workflow for a backend: <promise>/<workflow>.<backend>.yaml. For what has
// a namespace, a request or a Job, the namespace and the name stand in the middle.
func Path(w plan.Workflow, backend string) string {
	name := w.Kind.String()
	if w.Object.Namespace != "" {
		name += "." + w.Object.Namespace + "." + w.Object.Name
	}
	if len(name) > maxFileName {
		name = names.WithHash(name, names.Hash(8, name), maxFileName)
	}
	return w.Promise + "/" + name + "." + backend + ".yaml"
}

// Read loads the files below dir that are ours. It follows dir if that is a link, and no other
// link to a directory.
func Read(dir string) (Tree, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: dir, Err: syscall.ENOTDIR}
	}
	tree := Tree{}
	root := dir + string(filepath.Separator)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Ext(path) != ".yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")) // git on Windows may have added them
		if bytes.HasPrefix(data, []byte(header)) {
			tree[filepath.ToSlash(rel)] = data
		}
		return nil
	})
	return tree, err
}

func (t Tree) paths() []string { return slices.Sorted(maps.Keys(t)) }

// Diff is the unified diff from the golden files to what the compiler prints now; empty if they
// are the same. A file that one side lacks counts as empty there.
func Diff(old, now Tree) []byte {
	paths := maps.Clone(old)
	maps.Copy(paths, now)
	var out bytes.Buffer
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		from, to := "golden/"+path, "compiled/"+path
		if old[path] == nil {
			from = "/dev/null"
		}
		if now[path] == nil {
			to = "/dev/null"
		}
		out.Write(diff.Diff(from, old[path], to, now[path]))
	}
	return out.Bytes()
}
