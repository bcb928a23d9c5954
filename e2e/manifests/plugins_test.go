// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/docs/commands"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// TestPlugins are those that `make install` makes, found by the real kubectl, which also
// completes their words. README's commands are typed as they are.
func TestPlugins(t *testing.T) {
	dir, bin := t.TempDir(), t.TempDir()
	promise, err := os.ReadFile("../../examples/redis/promise.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "promise.yaml"), promise, 0o600))
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	run := func(command string) string {
		shell := exec.CommandContext(t.Context(), "sh", "-c", command)
		shell.Dir = dir
		shell.Env = append(os.Environ(), "GOBIN="+bin, "PATH="+bin+":"+os.Getenv("PATH"), "KUBECONFIG=none", "ROOT="+root)
		out, err := shell.CombinedOutput()
		require.NoError(t, err, "%s\n%s", command, out)
		return string(out)
	}
	run(`make -C "$ROOT" install`)
	kubectl, err := cluster.Kubectl(t.Context(), os.Stderr)
	require.NoError(t, err)
	require.NoError(t, os.Symlink(kubectl, filepath.Join(bin, "kubectl")))

	blocks, err := commands.Blocks(os.DirFS("../.."), "README.md")
	require.NoError(t, err)
	for _, b := range blocks {
		for _, c := range b.Commands() {
			if _, excepted := commands.NotRun[c]; !excepted && b.Language == "console" {
				assert.NotEmpty(t, run(c))
			}
		}
	}
	assert.Contains(t, run("kubectl kratix-compile --help"), "kubectl kratix-compile")
	assert.Contains(t, run("kratix-status --help"), "what it waits for", "as the Kratix CLI calls it")
	assert.Contains(t, run("kubectl __complete kratix-compile --backend ''"), "tekton\n")
	assert.Contains(t, run("kubectl __complete kratix status --output ''"), "json\n")
}
