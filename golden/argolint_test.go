// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestArgoLint puts every Workflow before Argo's own code, and one that is
// broken, because a judge that never objects is none.
func TestArgoLint(t *testing.T) {
	lint := buildJudge(t, "argolint")
	accepts(t, lint, "cases/*/argo.yaml")
	broken := unescaped(t, "cases/escape-argo-templates-in-args/argo.yaml")
	assert.Contains(t, refusal(t, lint, broken), "failed to resolve {{ item.x }}")
}

// buildJudge takes minutes the first time: the engines are large. A judge is
// another module, so a missing one fails here and not in `go vet`.
func buildJudge(t *testing.T, name string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), name)
	out, err := exec.Command("go", "build", "-C", name, "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, "build the judge: %s", out)
	return binary
}

// accepts demands that a judge has nothing to say about any golden.
func accepts(t *testing.T, judge, pattern string) {
	t.Helper()
	manifests, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, manifests)
	objections, err := exec.Command(judge, manifests...).CombinedOutput()
	assert.NoError(t, err, "%s", objections)
}

// refusal is what a judge says about a manifest that it must refuse.
func refusal(t *testing.T, judge, manifest string) string {
	t.Helper()
	objections, err := exec.Command(judge, manifest).CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "it must be refused")
	assert.Equal(t, 1, exit.ExitCode(), "%s", objections)
	return string(objections)
}

// unescaped writes the Workflow as it would be without the escape.
func unescaped(t *testing.T, workflow string) string {
	t.Helper()
	data, err := os.ReadFile(workflow)
	require.NoError(t, err)
	before, after := []byte("{$(KRATIX_LBRACE) item.x }}"), []byte("{{ item.x }}")
	require.Contains(t, string(data), string(before))
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	require.NoError(t, os.WriteFile(broken, bytes.Replace(data, before, after, 1), 0o600))
	return broken
}
