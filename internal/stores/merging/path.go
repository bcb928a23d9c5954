// SPDX-License-Identifier: Apache-2.0

package merging

import (
	"fmt"
	"path"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPath is the longest key of an object in S3, in bytes.
const maxPath = 1024

// checkPath says why a path cannot be in a store.
func checkPath(p string) error {
	switch {
	case p == "":
		return fmt.Errorf("a path is empty")
	case len(p) > maxPath:
		return fmt.Errorf("path %q... has %d bytes, and a store takes %d; use shorter names", p[:64], len(p), maxPath)
	case !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl):
		return fmt.Errorf("path %q has control characters or is no UTF-8; rename the file", p)
	case strings.HasPrefix(p, "/"):
		return fmt.Errorf("path %q begins with a slash; it must be relative", p)
	case p == ".." || strings.HasPrefix(p, "../") || strings.Contains(p+"/", "/../"):
		return fmt.Errorf("path %q leaves its directory with ..; name a file below it", p)
	case path.Clean(p) != p || p == ".":
		return fmt.Errorf("path %q has empty or . elements; write it without", p)
	}
	for element := range strings.SplitSeq(p, "/") {
		if gitOwn(element) {
			return fmt.Errorf("path %q has an element that Git keeps to itself, %q; rename it", p, element)
		}
	}
	return nil
}

// gitOwn is whether some file system takes the name for .git. Git servers refuse such a name: the
// content of a store could configure the Git of its readers.
func gitOwn(name string) bool {
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1 // macOS ignores such characters
		}
		return unicode.ToLower(r)
	}, name)
	name, _, _ = strings.Cut(name, ":") // a stream of NTFS
	name = strings.TrimRight(name, ". ")
	return name == ".git" || name == "git~1"
}

// Parents are the directories that a path is in. The nearest one comes first.
func Parents(p string) []string {
	var out []string
	for i := strings.LastIndexByte(p, '/'); i >= 0; i = strings.LastIndexByte(p[:i], '/') {
		out = append(out, p[:i])
	}
	return out
}

// Below are those of sorted paths that are in a directory, at any depth. An empty dir is the root.
func Below(paths []string, dir string) []string {
	if dir == "" {
		return paths
	}
	first := sort.SearchStrings(paths, dir+"/")
	last := first + sort.SearchStrings(paths[first:], dir+"0") // 0 follows the slash
	return paths[first:last]
}
