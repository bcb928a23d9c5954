// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBuildTakesFromTheCache hands over a binary of the right version and one of another, which
// therefore has to be built, and cannot.
func TestBuildTakesFromTheCache(t *testing.T) {
	cache, f := t.TempDir(), folder(t.TempDir())
	t.Setenv("E2E_CACHE", cache)
	require.NoError(t, os.MkdirAll(f.path("bin"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(cache, "handed-v1"), []byte("program"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(cache, "old-v1"), []byte("program"), 0o600))
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }

	require.NoError(t, f.build(t.Context(), say, binary{name: "handed", version: "v1"}))
	assert.Equal(t, []string{"taking 1 of 1 from E2E_CACHE: handed v1"}, said)
	info, err := os.Stat(f.path("bin", "handed-v1"))
	require.NoError(t, err)
	assert.EqualValues(t, 0o755, info.Mode().Perm())

	require.ErrorContains(t, f.build(t.Context(), say, binary{name: "old", version: "v2", dir: "nowhere"}), "build old")
	assert.NoFileExists(t, f.path("bin", "old-v2"))
}

// TestOnlyChosenEnginesAreBuilt keeps the first start of a cluster with one engine short.
func TestOnlyChosenEnginesAreBuilt(t *testing.T) {
	names := func(c chosen) (names []string) {
		for _, b := range c.binaries(argos[0]) {
			names = append(names, b.name)
		}
		return names
	}
	assert.Equal(t, []string{"kube", "versitygw", "tekton-controller", "tekton-entrypoint", "tekton-nop", "tekton-workingdirinit"}, names(onlyTekton))
	assert.Equal(t, []string{"kube", "versitygw", "argo-controller", "argoexec"}, names(onlyArgo))
	assert.Len(t, names(bothEngines), 8)
}
