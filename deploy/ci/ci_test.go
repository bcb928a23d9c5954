// SPDX-License-Identifier: Apache-2.0

// Package ci_test runs what platform teams use in their own CI, as far as that needs no cluster.
// golden/ judges the Task and the WorkflowTemplate, and e2e/ runs them.
package ci_test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

type action struct {
	Inputs map[string]struct{ Description, Default string }
	Runs   struct {
		Using string
		Steps []step
	}
}

type step struct {
	Name, Uses, If, Shell, Run string
	With                       map[string]any
	Env                        map[string]string
}

// TestAction runs the scripts of the action in a copy of the example, which is in order, and again
// when somebody has edited a golden file.
func TestAction(t *testing.T) {
	var a action
	read(t, "github/action.yml", &a)
	require.Equal(t, "composite", a.Runs.Using)
	example, environment := newExample(t), append(os.Environ(), "RUNNER_TEMP="+t.TempDir(), "GITHUB_ACTION_PATH="+absolute(t, "github"))
	run := func(s step) (string, error) {
		require.NotContains(t, s.Run, "${{", "an input in a script could be a command")
		cmd := exec.CommandContext(t.Context(), "bash", "-e", "-o", "pipefail", "-c", s.Run)
		cmd.Dir, cmd.Env = example, append(slices.Clone(environment), a.variables(t, s)...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	var scripts []step
	for _, s := range a.Runs.Steps {
		if s.Uses == "" {
			require.Equal(t, "bash", s.Shell)
			scripts = append(scripts, s)
		}
	}
	require.Len(t, scripts, 3, "build, lint and diff")
	for _, s := range scripts {
		out, err := run(s)
		require.NoError(t, err, "%s: %s", s.Name, out)
	}
	edit(t, example)
	out, err := run(scripts[1])
	assert.NoError(t, err, out)
	out, err = run(scripts[2])
	assert.Error(t, err)
	assert.Contains(t, out, "+      image: registry.example/storage/render:v2.3.0")
}

var input = regexp.MustCompile(`^\$\{\{ inputs\.(\w+) \}\}$`)

// variables are a step's, where the user of the action sets no input.
func (a action) variables(t *testing.T, s step) []string {
	t.Helper()
	var found []string
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		m := input.FindStringSubmatch(s.Env[name])
		require.NotNil(t, m, "%s is %s", name, s.Env[name])
		require.Contains(t, a.Inputs, m[1])
		found = append(found, name+"="+a.Inputs[m[1]].Default)
	}
	return found
}

// TestHooks runs the hooks as pre-commit does after it has installed the program.
func TestHooks(t *testing.T) {
	var hooks []struct {
		ID, Language, Entry, Files string
		Args                       []string
	}
	read(t, "../../.pre-commit-hooks.yaml", &hooks)
	program, example := filepath.Join(t.TempDir(), "kratix-compile"), newExample(t)
	out, err := exec.CommandContext(t.Context(), "go", "build", "-C", "../..", "-o", program, "./cmd/kratix-compile").CombinedOutput()
	require.NoError(t, err, "%s", out)
	run := func(entry string, args []string) (string, error) {
		words := append(strings.Fields(entry), args...)
		require.Equal(t, "kratix-compile", words[0])
		cmd := exec.CommandContext(t.Context(), program, words[1:]...)
		cmd.Dir = example
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, h := range hooks {
		require.Equal(t, "golang", h.Language)
		require.Regexp(t, h.Files, "promises/bucket.yaml")
		out, err := run(h.Entry, h.Args)
		require.NoError(t, err, "%s: %s", h.ID, out)
	}
	edit(t, example)
	for _, h := range hooks {
		out, err := run(h.Entry, h.Args)
		assert.Equal(t, h.ID == "kratix-compile-diff", err != nil, "%s: %s", h.ID, out)
	}
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, into))
}

func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	require.NoError(t, err)
	return path
}

// newExample is a copy of the repository that docs/golden-files-in-ci.md tells people to copy.
func newExample(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("../../examples/golden-in-ci")))
	return dir
}

// edit changes a golden file.
func edit(t *testing.T, example string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(example, "golden/bucket/*.tekton.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	data, err := os.ReadFile(files[0])
	require.NoError(t, err)
	changed := bytes.Replace(data, []byte("render:v2.3.0"), []byte("render:v2.2.0"), 1)
	require.NotEqual(t, data, changed)
	require.NoError(t, os.WriteFile(files[0], changed, 0o600))
}
