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
	"regexp"
	"runtime"
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

	for program, c := range map[string]struct{ version, plugin string }{
		"kratix-compile": {"version", "kratix-compile"},
		"kratix-runner":  {"--version", "kratix-status"},
		"kratix-harvest": {"--version", ""},
	} {
		t.Run(program, func(t *testing.T) {
			archive := program + "_" + platform + ".tar.gz"
			dir := unpack(t, filepath.Join(out, archive))
			for _, file := range []string{"LICENSE", "README.md"} {
				assert.FileExists(t, filepath.Join(dir, file))
			}
			said, err := exec.CommandContext(t.Context(), filepath.Join(dir, program), c.version).CombinedOutput()
			require.NoError(t, err)
			assert.Contains(t, string(said), "v9.9.9")
			assert.Contains(t, read(t, out, program+".spdx.json"), "github.com/kratix-compile/kratix-compile")
			if c.plugin == "" {
				return
			}
			for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
				assert.Contains(t, read(t, dir, "completions/"+program+"."+shell), program)
			}
			isPlugin(t, krew(t, read(t, out, c.plugin+".yaml")), c.plugin, dir, "/v9.9.9/"+archive, read(t, out, "SHA256SUMS"))
		})
	}

	install := read(t, out, "install.yaml")
	assert.Contains(t, install, "image: kratix-compile/kratix-runner:v9.9.9\n")
	assert.Contains(t, install, "--harvest-image=kratix-compile/kratix-harvest:v9.9.9\n")
	assert.Contains(t, read(t, out, "tekton-task.yaml"), "default: kratix-compile/kratix-compile:v9.9.9\n")
	assert.Contains(t, read(t, out, "argo-workflowtemplate.yaml"), "default: kratix-compile/kratix-compile:v9.9.9\n")
	rendered := render(t, "helm", "template", "kratix-runner", filepath.Join(out, "kratix-runner-9.9.9.tgz"), "--namespace", "kratix-platform-system")
	assert.Contains(t, plain(t, rendered["Deployment kratix-platform-system/kratix-runner"]), "image: kratix-compile/kratix-runner:v9.9.9\n")
	assert.Contains(t, rendered, "CustomResourceDefinition /promises.platform.kratix.io", "a package has what the chart links to")
	assert.Contains(t, read(t, out, "install-jobs.yaml"), "image: kratix-compile/kratix-jobs:v9.9.9\n")
	rendered = render(t, "helm", "template", "kratix-jobs", filepath.Join(out, "kratix-jobs-9.9.9.tgz"), "--namespace", "kratix-platform-system")
	assert.Contains(t, plain(t, rendered["Deployment kratix-platform-system/kratix-jobs"]), "image: kratix-compile/kratix-jobs:v9.9.9\n")
	assert.Contains(t, rendered, "MutatingWebhookConfiguration /kratix-jobs", "a package has what the chart links to")
}

// isPlugin demands of krew's manifest what krew would do with it: fetch, compare, link.
func isPlugin(t *testing.T, manifest krewPlugin, name, dir, archive, sums string) {
	t.Helper()
	assert.Equal(t, name, manifest.Metadata.Name)
	assert.Equal(t, "v9.9.9", manifest.Spec.Version)
	require.Len(t, manifest.Spec.Platforms, 1)
	platform := manifest.Spec.Platforms[0]
	assert.Equal(t, map[string]string{"os": runtime.GOOS, "arch": runtime.GOARCH}, platform.Selector.MatchLabels)
	assert.True(t, strings.HasSuffix(platform.URI, archive), platform.URI)
	assert.Contains(t, sums, platform.SHA256+"  "+filepath.Base(archive))
	for _, file := range platform.Files {
		assert.FileExists(t, filepath.Join(dir, file["from"]))
	}
	link := filepath.Join(dir, "kubectl-"+strings.ReplaceAll(name, "-", "_"))
	require.NoError(t, os.Symlink(platform.Bin, link))
	said, err := exec.CommandContext(t.Context(), link, "--help").CombinedOutput()
	require.NoError(t, err)
	assert.NotContains(t, string(said), "--metrics-address", "it is the command for people")
}

// TestEveryPlatform compiles all programs for each platform of a release, and links none: that
// would take most of the time.
func TestEveryPlatform(t *testing.T) {
	list := regexp.MustCompile(`(?m)^platforms=\$\{PLATFORMS:-(.*)\}$`).FindStringSubmatch(read(t, "../../deploy/release", "build.sh"))
	require.NotNil(t, list)
	platforms := strings.Fields(list[1])
	require.Len(t, platforms, 6)
	for _, platform := range platforms {
		system, architecture, _ := strings.Cut(platform, "/")
		build := exec.CommandContext(t.Context(), "go", "list", "-C", "../..", "-trimpath", "-export", "-f", "{{.ImportPath}}", "./cmd/...")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+architecture)
		said, err := build.CombinedOutput()
		assert.NoError(t, err, "%s\n%s", platform, said)
	}
}

type krewPlugin struct {
	APIVersion, Kind string
	Metadata         struct{ Name string }
	Spec             struct {
		Version, Homepage, ShortDescription, Description string
		Platforms                                        []struct {
			Selector         struct{ MatchLabels map[string]string }
			URI, SHA256, Bin string
			Files            []map[string]string
		}
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
