// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/docs/commands"
)

// typedBy are the tests that type the commands in a page's console blocks, except those of
// commands.NotRun. Each test fails if it has not typed one of them.
var typedBy = map[string]string{
	"README.md":                  "TestPlugins",
	"docs/beside-kratix.md":      "TestInstallJobs",
	"docs/first-promise.md":      "TestFirstPromise",
	"docs/install.md":            "TestInstall",
	"docs/moving-from-kratix.md": "TestMoveFromKratix",
	"docs/operations.md":         "TestInstall",
	"docs/status.md":             "TestInstall",
	"docs/troubleshooting.md":    "TestInstall",
	"docs/upgrade.md":            "TestUpgrade",
	"examples/README.md":         "TestExamples",
}

var (
	// forTheCompiler are commands that a test of cmd/kratix-compile runs if they are in a block of sh.
	forTheCompiler = regexp.MustCompile(`^(kratix-compile|go run \./cmd/kratix-compile) `)
	// command is a line that looks like a command.
	command = regexp.MustCompile(`(?m)^(\$ |(argo|cat|crane|curl|docker|export|git|go|helm|kratix|kratix-compile|kratix-runner|kubectl|kustomize|ln|make|tkn) )`)
	made    = regexp.MustCompile(`^make ([a-z0-9-]+)$`)
)

// TestCommandsAreRun demands that a test types every command that a page shows, or that
// commands.NotRun says why none does.
func TestCommandsAreRun(t *testing.T) {
	tests, makefile := source(t, "../e2e/*_test.go")+source(t, "../e2e/manifests/*_test.go"), read(t, "../Makefile")
	excepted := map[string]bool{}
	for _, file := range pages(t) {
		page := filepath.ToSlash(filepath.Join("docs", file))
		blocks, err := commands.Blocks(os.DirFS(".."), page)
		require.NoError(t, err)
		for _, b := range blocks {
			for _, c := range b.Commands() {
				if m := made.FindStringSubmatch(c); m != nil {
					assert.Contains(t, makefile, "\n"+m[1]+":", "%s:%d: %s", page, b.Line, c)
				}
				if _, known := commands.NotRun[c]; known && b.Language == "console" {
					excepted[c] = true
					continue
				}
				if b.Language == "sh" {
					assert.Regexp(t, forTheCompiler, c, "%s:%d: in a block of sh nobody runs it; say console", page, b.Line)
					continue
				}
				by := typedBy[page]
				if matched, _ := filepath.Match("examples/*/README.md", page); matched {
					by = "TestExamples"
				}
				if assert.NotEmpty(t, by, "%s:%d: no test types %s", page, b.Line, c) {
					assert.True(t, strings.Contains(tests, "\nfunc "+by+"(t *testing.T) {"), "%s: there is no %s", page, by)
				}
			}
			if b.Commands() == nil && b.Language != "yaml" && b.Language != "text" {
				assert.NotRegexp(t, command, b.Text, "%s:%d: a block with commands is one of sh or console", page, b.Line)
			}
		}
	}
	for c := range commands.NotRun {
		assert.True(t, excepted[c], "commands.NotRun has %s, and no page", c)
	}
}

// source is the text of files.
func source(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all strings.Builder
	for _, file := range files {
		all.WriteString(read(t, file))
	}
	return all.String()
}
