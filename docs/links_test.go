// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pages are all Markdown files, relative to this folder.
func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "testdata" || name == ".git") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			found = append(found, path)
		}
		return nil
	}))
	for _, page := range []string{"../README.md", "../docs/concepts.md", "../e2e/README.md"} {
		require.Contains(t, found, page)
	}
	return found
}

var (
	pageLink = regexp.MustCompile(`\]\(([\w./-]*)(?:#([\w-]+))?\)`)
	title    = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	fenced   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
)

// TestLinks demands that pages link to files and headings that exist.
func TestLinks(t *testing.T) {
	links := 0
	for _, page := range pages(t) {
		for _, link := range pageLink.FindAllStringSubmatch(read(t, page), -1) {
			links++
			target := page
			if link[1] != "" {
				target = filepath.Join(filepath.Dir(page), link[1])
			}
			if _, err := os.Stat(target); !assert.NoError(t, err, "%s links to %s", page, link[1]) || link[2] == "" {
				continue
			}
			assert.Contains(t, anchors(t, target), link[2], "%s links to a heading of %s", page, target)
		}
	}
	assert.Greater(t, links, 150, "links that were found")
}

// TestPagesAreLinked demands that a reader who begins with the README finds every page of
// docs.
func TestPagesAreLinked(t *testing.T) {
	start := read(t, "../README.md")
	for _, page := range pages(t) {
		if filepath.Dir(page) == "../docs" {
			assert.True(t, strings.Contains(start, "](docs/"+filepath.Base(page)+")"), "README.md does not link to %s", page)
		}
	}
}

// anchors are the anchors of a page's headings.
func anchors(t *testing.T, page string) []string {
	t.Helper()
	var found []string
	for _, h := range title.FindAllStringSubmatch(fenced.ReplaceAllString(read(t, page), ""), -1) {
		found = append(found, strings.ReplaceAll(strings.ToLower(dropped.ReplaceAllString(h[1], "")), " ", "-"))
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}
