// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode"
)

// maxName is the longest name of a file on common file systems: people clone State Stores.
const maxName = 255

// checkPath checks the path of an entry, which begins with output/ or metadata/. It refuses
// what could leave the directory, and what a Git repository, a bucket or the disk of a
// clone cannot have.
func checkPath(path string, limits Limits) error {
	if !fs.ValidPath(path) {
		return fmt.Errorf("%q is not a clean relative path; write files below /kratix/output", path)
	}
	root, rest, _ := strings.Cut(path, "/")
	switch {
	case rest == "" || root != Output && root != Metadata:
		return fmt.Errorf("%q is neither below %s nor below %s", path, Output, Metadata)
	case root == Metadata && !isMetadataFile(rest):
		return fmt.Errorf("%q is no metadata file of Kratix; those are %s", path, strings.Join(MetadataFiles, ", "))
	case len(rest) > limits.PathBytes:
		return fmt.Errorf("%q has a path of %d bytes; use at most %d", path, len(rest), limits.PathBytes)
	}
	for name := range strings.SplitSeq(rest, "/") {
		if err := checkName(name); err != nil {
			return fmt.Errorf("%q: %w", path, err)
		}
	}
	return nil
}

func checkName(name string) error {
	switch {
	case len(name) > maxName:
		return fmt.Errorf("a name in it has %d bytes; use at most %d", len(name), maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return r == '\\' || !unicode.IsPrint(r) }):
		return fmt.Errorf("the name %q has a backslash or a character that cannot be seen; rename it", name)
	case looksLikeGit(name):
		return fmt.Errorf("the name %q is reserved by Git, and no repository would take it; rename it", name)
	}
	return nil
}

// looksLikeGit is true for .git in every spelling that one of Git's platforms takes for it.
func looksLikeGit(name string) bool {
	name, _, _ = strings.Cut(strings.ToLower(name), ":")
	name = strings.TrimRight(name, " .")
	return name == ".git" || name == "git~1"
}

// compare orders paths as a walk through sorted directories meets them: a, a/b, a-b.
func compare(a, b string) int {
	return slices.CompareFunc([]byte(a), []byte(b), func(x, y byte) int { return cmp.Compare(rank(x), rank(y)) })
}

func rank(c byte) byte {
	if c == '/' {
		return 0 // no path has this byte
	}
	return c
}
