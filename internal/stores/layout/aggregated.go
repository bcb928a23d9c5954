// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// separator is between any two files of mode aggregatedYAML.
const separator = "\n---\n"

// Part is what one WorkPlacement has in the one file of mode aggregatedYAML.
type Part struct {
	WorkPlacement *v1alpha1.WorkPlacement
	Files         []statestore.File
}

// AggregatedID is the ID of Aggregated.
func AggregatedID(d *v1alpha1.Destination) string { return "destination/" + d.Name }

// Aggregated is the change that writes the one file of a Destination in mode aggregatedYAML, or
// removes it if there are no parts. The parts are those of all WorkPlacements that are not being
// deleted. If one of them cannot be read, the file stays as it is: without that part, an agent
// would delete what was in it.
func Aggregated(d *v1alpha1.Destination, parts []Part) statestore.Change {
	c := statestore.Change{ID: AggregatedID(d), Title: "Update from: " + d.Name}
	file := join(root(d), filename(d))
	if len(parts) == 0 {
		c.Title = "Delete from: " + d.Name
		c.Remove = []string{file}
		return c
	}
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b Part) int {
		return cmp.Or(strings.Compare(a.WorkPlacement.Name, b.WorkPlacement.Name), strings.Compare(a.WorkPlacement.Namespace, b.WorkPlacement.Namespace))
	})
	whole := statestore.File{Path: file, Open: func() (io.Reader, error) { return joined(parts), nil }}
	for _, part := range parts {
		for _, f := range part.Files {
			whole.Bytes += f.Bytes
		}
	}
	c.Files = []statestore.File{whole}
	return c
}

// filename is the path of the one file below that of its Destination. It may have directories, and
// surplus slashes do not count. A path that leaves the Destination with .. stays as it is: the store
// refuses it.
func filename(d *v1alpha1.Destination) string {
	return strings.TrimLeft(path.Clean(cmp.Or(d.Spec.Filepath.Filename, defaultFilename)), "/")
}

func joined(parts []Part) io.Reader {
	var all []io.Reader
	for _, part := range parts {
		for _, f := range part.Files {
			if len(all) > 0 {
				all = append(all, strings.NewReader(separator))
			}
			all = append(all, &lazy{file: f, of: part.WorkPlacement})
		}
	}
	return io.MultiReader(all...)
}

// lazy opens a file when it is read.
type lazy struct {
	file    statestore.File
	of      *v1alpha1.WorkPlacement
	content io.Reader
}

func (l *lazy) Read(p []byte) (n int, err error) {
	if l.content == nil {
		l.content, err = l.file.Open()
	}
	if err == nil {
		n, err = l.content.Read(p)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("WorkPlacement %s: %w", id(l.of), err)
	}
	return n, err
}
