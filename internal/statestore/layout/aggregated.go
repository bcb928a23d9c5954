// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/statestore"
)

// separator is between any two files of mode aggregatedYAML.
const separator = "\n---\n"

// Part is what one WorkPlacement has in the one file of mode aggregatedYAML.
type Part struct {
	WorkPlacement *v1alpha1.WorkPlacement
	Files         []statestore.File
}

// Aggregated is the change that writes the one file of a Destination in mode
// aggregatedYAML, of all WorkPlacements that are not being deleted, or removes it if there
// are none. If one of them cannot be read, the file stays as it is: without that part the
// agent would delete what was in it.
func Aggregated(d *v1alpha1.Destination, parts []Part) statestore.Change {
	c := statestore.Change{ID: "destination/" + d.Name, Title: "Update from: " + d.Name}
	file := join(root(d), cmp.Or(d.Spec.Filepath.Filename, defaultFilename))
	if len(parts) == 0 {
		c.Title = "Delete from: " + d.Name
		c.Remove = []string{file}
		return c
	}
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b Part) int {
		return cmp.Or(strings.Compare(a.WorkPlacement.Name, b.WorkPlacement.Name), strings.Compare(a.WorkPlacement.Namespace, b.WorkPlacement.Namespace))
	})
	var files []statestore.File
	for _, p := range parts {
		files = append(files, p.Files...)
	}
	c.Files = []statestore.File{{Path: file, Open: func() (io.Reader, error) { return joined(files) }}}
	return c
}

func joined(files []statestore.File) (io.Reader, error) {
	var all []io.Reader
	for i, f := range files {
		if i > 0 {
			all = append(all, strings.NewReader(separator))
		}
		all = append(all, &lazy{file: f})
	}
	return io.MultiReader(all...), nil
}

// lazy opens a file when it is its turn.
type lazy struct {
	file    statestore.File
	content io.Reader
}

func (l *lazy) Read(p []byte) (int, error) {
	if l.content == nil {
		content, err := l.file.Open()
		if err != nil {
			return 0, err
		}
		l.content = content
	}
	return l.content.Read(p)
}
