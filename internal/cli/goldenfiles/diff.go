// SPDX-License-Identifier: Apache-2.0

package goldenfiles

import (
	"bytes"
	"maps"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff is the unified diff from the golden files to what the compiler prints
// now; empty if they are the same. Files only one side has count as empty on
// the other.
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
