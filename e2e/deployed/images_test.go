// SPDX-License-Identifier: Apache-2.0

package deployed

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/e2e/debian"
)

const mib = 1 << 20

// TestImages builds them twice: the bytes are the same, and there is no more in them than
// docs/install.md says.
func TestImages(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	require.NoError(t, debian.Ensure("mmdebstrap", "mmdebstrap"))
	buildImages(t, first)
	buildImages(t, second)
	for name, c := range map[string]struct {
		size     int64
		programs []string
		sbom     []string
	}{
		"kratix-runner":  {64 * mib, []string{"kratix-runner", "usr/bin/dash", "usr/bin/git", "usr/bin/ssh", "usr/lib/git-core/git-remote-http"}, []string{`"git"`, `"openssh-client"`, `"libc6"`, "github.com/minio/minio-go/v7"}},
		"kratix-harvest": {4 * mib, []string{"kratix-harvest"}, []string{"github.com/kratix-compile/kratix-compile"}},
		"kratix-compile": {24 * mib, []string{"kratix-compile"}, []string{"github.com/tektoncd/pipeline"}},
		"kratix-jobs":    {24 * mib, []string{"kratix-jobs"}, []string{"github.com/tektoncd/pipeline"}},
	} {
		image := imageIn(t, filepath.Join(first, name))
		digest, err := image.Digest()
		require.NoError(t, err)
		again, err := imageIn(t, filepath.Join(second, name)).Digest()
		require.NoError(t, err)
		assert.Equal(t, digest, again, name)

		config, err := image.ConfigFile()
		require.NoError(t, err)
		assert.Equal(t, "65532:65532", config.Config.User)
		assert.Equal(t, []string{"/" + name}, config.Config.Entrypoint)
		assert.Equal(t, "linux", config.OS)
		layers, err := image.Layers()
		require.NoError(t, err)
		var size int64
		for _, layer := range layers {
			bytes, err := layer.Size()
			require.NoError(t, err)
			size += bytes
		}
		assert.Less(t, size, c.size, name)
		assert.ElementsMatch(t, c.programs, programs(t, image), name)

		sbom, err := os.ReadFile(filepath.Join(first, name+".spdx.json"))
		require.NoError(t, err)
		for _, part := range c.sbom {
			assert.Contains(t, string(sbom), part, name)
		}
	}
}

// buildImages makes them in dir, with SBOMs, for this machine's architecture.
func buildImages(t *testing.T, dir string) {
	t.Helper()
	build := exec.CommandContext(t.Context(), filepath.Join(root(), "deploy", "images", "build.sh"), dir)
	build.Env = append(os.Environ(), "PLATFORMS=linux/"+runtime.GOARCH, "VERSION=v0.1.0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func imageIn(t *testing.T, dir string) v1.Image {
	t.Helper()
	index, err := layout.ImageIndexFromPath(dir)
	require.NoError(t, err)
	for {
		manifest, err := index.IndexManifest()
		require.NoError(t, err)
		require.Len(t, manifest.Manifests, 1)
		digest := manifest.Manifests[0].Digest
		if manifest.Manifests[0].MediaType.IsImage() {
			image, err := index.Image(digest)
			require.NoError(t, err)
			return image
		}
		index, err = index.ImageIndex(digest)
		require.NoError(t, err)
	}
}

// programs are what may be executed, but for libraries. None of them changes its user.
func programs(t *testing.T, image v1.Image) []string {
	t.Helper()
	files := mutate.Extract(image)
	defer func() { _ = files.Close() }()
	var found []string
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		mode := header.FileInfo().Mode()
		assert.Zero(t, mode&(os.ModeSetuid|os.ModeSetgid), header.Name)
		library, err := filepath.Match("usr/lib/*-linux-gnu*/*.so*", filepath.Clean(header.Name))
		require.NoError(t, err)
		if mode.IsRegular() && mode&0o111 != 0 && !library {
			found = append(found, filepath.Clean(header.Name))
		}
	}
}
