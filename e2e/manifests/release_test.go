// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// TestRelease makes one for this machine's platform and looks at it as its users do.
func TestRelease(t *testing.T) {
	platform := runtime.GOOS + "_" + runtime.GOARCH
	out := release(t, "v9.9.9", strings.Replace(platform, "_", "/", 1))
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = out
	said, err := check.CombinedOutput()
	require.NoError(t, err, "%s", said)

	archive := "kratix-compile_" + platform + ".tar.gz"
	dir := unpack(t, filepath.Join(out, archive))
	for _, file := range []string{"LICENSE", "README.md", "completions/kratix-compile.bash", "completions/kratix-compile.zsh", "completions/kratix-compile.fish", "completions/kratix-compile.powershell"} {
		assert.FileExists(t, filepath.Join(dir, file))
	}
	said, err = exec.CommandContext(t.Context(), filepath.Join(dir, "kratix-compile"), "version").CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(said), "kratix-compile v9.9.9 ")

	sums := read(t, out, "SHA256SUMS")
	plugin := krew(t, read(t, out, "kratix-compile.yaml"))
	assert.Equal(t, "v9.9.9", plugin.Spec.Version)
	i := slices.IndexFunc(plugin.Spec.Platforms, func(p krewPlatform) bool { return strings.HasSuffix(p.URI, "/v9.9.9/"+archive) })
	require.GreaterOrEqual(t, i, 0)
	assert.Contains(t, sums, plugin.Spec.Platforms[i].SHA256+"  "+archive)

	install := read(t, out, "install.yaml")
	assert.Contains(t, install, "image: kratix-compile/kratix-runner:v9.9.9\n")
	assert.Contains(t, install, "--harvest-image=kratix-compile/kratix-harvest:v9.9.9\n")
	rendered := render(t, "helm", "template", "kratix-runner", filepath.Join(out, "kratix-runner-9.9.9.tgz"), "--namespace", "kratix-platform-system")
	assert.Contains(t, plain(t, rendered["Deployment kratix-platform-system/kratix-runner"]), "image: kratix-compile/kratix-runner:v9.9.9\n")
	assert.Contains(t, rendered, "CustomResourceDefinition /promises.platform.kratix.io", "a package has what the chart links to")
	assert.Contains(t, read(t, out, "kratix-compile.spdx.json"), "github.com/spf13/cobra")
}

// TestKrewManifest has every platform of a release.
func TestKrewManifest(t *testing.T) {
	plugin := krew(t, read(t, "../../deploy/release", "krew.yaml"))
	script := read(t, "../../deploy/release", "build.sh")
	assert.Len(t, plugin.Spec.Platforms, 6)
	for _, p := range plugin.Spec.Platforms {
		os, arch := p.Selector.MatchLabels["os"], p.Selector.MatchLabels["arch"]
		assert.Regexp(t, "(?m)^platforms=.*[- ]"+os+"/"+arch+"[ }]", script)
		assert.Equal(t, "SHA256-"+os+"-"+arch, p.SHA256)
		assert.True(t, strings.HasSuffix(p.URI, "/kratix-compile_"+os+"_"+arch+".tar.gz"), p.URI)
		assert.Equal(t, os == "windows", strings.HasSuffix(p.Bin, ".exe"))
	}
}

type krewPlatform struct {
	Selector struct{ MatchLabels map[string]string }
	URI      string
	SHA256   string
	Bin      string
	Files    []map[string]string
}

type krewPlugin struct {
	APIVersion, Kind string
	Metadata         struct{ Name string }
	Spec             struct {
		Version, Homepage, ShortDescription, Description string
		Platforms                                        []krewPlatform
	}
}

func krew(t *testing.T, text string) krewPlugin {
	t.Helper()
	var p krewPlugin
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &p))
	return p
}

func release(t *testing.T, version, platforms string) string {
	t.Helper()
	out := t.TempDir()
	build := exec.CommandContext(t.Context(), "../../deploy/release/build.sh", version, out)
	build.Env = append(os.Environ(), "PLATFORMS="+platforms)
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)
	return out
}

func read(t *testing.T, dir, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, file))
	require.NoError(t, err)
	return string(data)
}

func unpack(t *testing.T, file string) string {
	t.Helper()
	dir := t.TempDir()
	opened, err := os.Open(file)
	require.NoError(t, err)
	defer func() { _ = opened.Close() }()
	unzipped, err := gzip.NewReader(opened)
	require.NoError(t, err)
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		require.NoError(t, err)
		path := filepath.Join(dir, filepath.FromSlash(header.Name))
		if header.Typeflag == tar.TypeDir {
			require.NoError(t, os.MkdirAll(path, 0o755))
			continue
		}
		data, err := io.ReadAll(archive)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, data, header.FileInfo().Mode()))
	}
}
