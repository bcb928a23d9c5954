// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
)

// TestGoldenInCI demands that examples/golden-in-ci does what it tells others to do. Its script
// is tested in testdata/script/golden_in_ci.txtar.
func TestGoldenInCI(t *testing.T) {
	t.Chdir("../../examples/golden-in-ci")
	compareGolden(t, "promises/")
}

// TestExamples holds the examples to their golden files.
func TestExamples(t *testing.T) {
	for _, page := range examplePages(t) {
		t.Run(filepath.Base(filepath.Dir(page)), func(t *testing.T) {
			t.Chdir(filepath.Dir(page))
			compareGolden(t, ".")
		})
	}
}

// compareGolden compares the golden files of the current directory.
func compareGolden(t *testing.T, input string) {
	t.Helper()
	args := []string{"-f", input, "--backend", "all", "--strict"}
	if *update {
		code, words := call(nil, nil, append(args, "--output-dir", "golden")...)
		assert.Equal(t, console.OK, code, words)
	}
	var changes bytes.Buffer
	code, words := call(nil, &changes, append([]string{"diff", "golden"}, args...)...)
	assert.Equal(t, console.OK, code, "run `go test ./cmd/kratix-compile -update`\n%s%s", changes.String(), words)
}

// TestExamplesAreQuoted demands that the lines on an example's page are those of its files.
func TestExamplesAreQuoted(t *testing.T) {
	quote := regexp.MustCompile("(?ms)^```yaml\n(.*?)\n```$")
	for _, page := range examplePages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		files, err := filepath.Glob(filepath.Join(filepath.Dir(page), "*.yaml"))
		require.NoError(t, err)
		for _, q := range quote.FindAllStringSubmatch(string(text), -1) {
			assert.True(t, slices.ContainsFunc(files, func(file string) bool {
				data, err := os.ReadFile(file)
				return err == nil && quotes(q[1], string(data))
			}), "%s has lines of no file:\n%s", page, q[1])
		}
	}
}

// quotes tells whether a file has the lines in this order, with any indentation.
func quotes(lines, file string) bool {
	const deepest = 40
	for depth := range deepest {
		indent := "\n" + strings.Repeat(" ", depth)
		if strings.Contains("\n"+file, indent+strings.ReplaceAll(lines, "\n", indent)+"\n") {
			return true
		}
	}
	return false
}

// examplePages are those of examples that run.
func examplePages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(repository, "examples/*/README.md"))
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return slices.DeleteFunc(found, func(page string) bool { return strings.Contains(page, "golden-in-ci") })
}
