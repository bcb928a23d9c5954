// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPackages demands a row of docs/architecture.md for every package, and no other rows.
// Packages of internal/ have the rest of their path there, as runner/progress.
func TestPackages(t *testing.T) {
	var told []string
	for _, row := range rowsBelow(t, "architecture.md", "package") {
		for name := range strings.SplitSeq(row[0], ",") {
			told = append(told, strings.Trim(name, "` "))
		}
	}
	assert.ElementsMatch(t, packages(t, "backends", "cmd", "internal", "translate"), told)
}

func packages(t *testing.T, below ...string) []string {
	t.Helper()
	var found []string
	for _, root := range below {
		require.NoError(t, filepath.WalkDir(filepath.Join("..", root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name, err := filepath.Rel("..", filepath.Dir(path))
			name = strings.TrimPrefix(filepath.ToSlash(name), "internal/")
			source := filepath.Ext(path) == ".go" && !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "testdata")
			if source && !slices.Contains(found, name) {
				found = append(found, name)
			}
			return err
		}))
	}
	return found
}
