// SPDX-License-Identifier: Apache-2.0

package work

import (
	"errors"
	"io"
	"iter"
	"path"
	"strings"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
)

// Files are those of a bundle's output.
func Files(from io.Reader) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		reader := bundle.NewReader(from, bundle.DefaultLimits())
		for {
			entry, err := reader.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			name, output := strings.CutPrefix(entry.Path, bundle.Output+"/")
			if err == nil && !output {
				continue
			}
			if !yield(File{Path: path.Clean(name), Size: entry.Size, Dir: entry.Dir, Content: reader}, err) || err != nil {
				return
			}
		}
	}
}
