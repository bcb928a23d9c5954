// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/local/localtest"
)

const repository = "../.."

// documents are the pages for people. Golden cases and licences are not among them.
func documents(t *testing.T) []string {
	t.Helper()
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		require.NoError(t, err)
		pages = append(pages, found...)
	}
	require.NotEmpty(t, pages)
	return pages
}

// TestDocumentedCommands runs the commands in the documents and demands success. The files that
// the documents speak of are there. Containers do not run.
func TestDocumentedCommands(t *testing.T) {
	_, err := exec.LookPath("sh")
	require.NoError(t, err, "the commands in the documents are for a shell")
	total := 0
	for _, page := range documents(t) {
		commands := shellCommands(t, page)
		total += len(commands)
		t.Run(filepath.Base(filepath.Dir(page))+"/"+filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			dir, engine := workplace(t), t.TempDir()
			writeShown(t, page, dir)
			for _, command := range commands {
				cmd := exec.Command("sh", "-c", command)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), localtest.Variable+"="+engine, "XDG_CACHE_HOME="+engine)
				out, err := cmd.CombinedOutput()
				assert.NoError(t, err, "%s\n%s", command, out)
			}
		})
	}
	assert.Greater(t, total, 15, "the documents have commands, and they are found")
}

// workplace has what the documents take for granted.
func workplace(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, copyTree(filepath.Join(dir, "examples"), filepath.Join(repository, "examples")))
	require.NoError(t, copyTree(dir, filepath.Join(repository, "examples/golden-in-ci")))
	require.NoError(t, copyTree(dir, filepath.Join(repository, "examples/redis")))
	return dir
}

var shownFile = regexp.MustCompile("(?ms)^ *```yaml\n(# ([\\w-]+\\.yaml)\n.*?)^ *```$")

// writeShown writes the files that a page shows: blocks that begin with a comment with a file
// name.
func writeShown(t *testing.T, page, dir string) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, file := range shownFile.FindAllStringSubmatch(string(text), -1) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file[2]), []byte(file[1]), 0o600))
	}
}

var shellBlock = regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```$")

// shellCommands are the lines of sh blocks that call the compiler.
func shellCommands(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	var commands []string
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		joined := strings.ReplaceAll(block[1], "\\\n", " ")
		for line := range strings.Lines(joined) {
			line = strings.TrimSpace(line)
			line = strings.Replace(line, "go run ./cmd/kratix-compile", "kratix-compile", 1)
			if strings.HasPrefix(line, "kratix-compile") {
				commands = append(commands, line)
			}
		}
	}
	return commands
}

var requirement = regexp.MustCompile(`(?m)^(?:require )?\s*(\S+\.\S+) v\S+( // indirect)?$`)

// TestDependencies demands a reason for every direct dependency, and no line for anything else.
func TestDependencies(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(repository, "docs/dependencies.md"))
	require.NoError(t, err)

	required := map[string]bool{}
	for _, m := range requirement.FindAllStringSubmatch(string(mod), -1) {
		required[m[1]] = true
		if m[2] == "" {
			assert.Contains(t, string(page), "| `"+m[1]+"` | ", "docs/dependencies.md says why %s is there", m[1])
		}
	}
	require.NotEmpty(t, required)
	for _, line := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ").FindAllStringSubmatch(string(page), -1) {
		assert.True(t, required[line[1]], "docs/dependencies.md has a line for %s, which go.mod does not require", line[1])
	}
}
