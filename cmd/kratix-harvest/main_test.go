// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/release"
)

// maxProgram bounds the program, in bytes: every node pulls it.
const maxProgram = 10 << 20

func TestSize(t *testing.T) {
	built := filepath.Join(t.TempDir(), "kratix-harvest")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", built, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	info, err := os.Stat(built)
	require.NoError(t, err)
	assert.LessOrEqual(t, info.Size(), int64(maxProgram))
}

func TestItKnowsNoKubernetes(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	assert.Contains(t, string(out), "internal/harvest/bundle")
	assert.NotContains(t, string(out), "k8s.io/")
}

func TestUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"version":      {[]string{"--version"}, 0, release.Version() + "\n"},
		"help":         {[]string{"--help"}, 0, "https://host:port"},
		"no endpoint":  {nil, 2, "--endpoint must be the URL of the runner"},
		"plain http":   {[]string{"--endpoint=http://runner"}, 2, "--endpoint must be the URL of the runner"},
		"no host":      {[]string{"--endpoint=https://"}, 2, "--endpoint must be the URL of the runner"},
		"unknown":      {[]string{"--nonsense"}, 2, "not defined: -nonsense"},
		"too much":     {[]string{"--endpoint=https://runner", "more"}, 2, `"more" is not expected`},
		"no directory": {[]string{"--endpoint=https://runner", "--metadata=/nowhere/at/all"}, 1, "must run in the Pod of the Pipeline"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			assert.Equal(t, c.code, run(t.Context(), c.args, "", &stderr))
			assert.Contains(t, stderr.String(), c.want)
		})
	}
}

// arguments are of a step with a good file, a scratch file and a bad link.
func arguments(t *testing.T, endpoint string) []string {
	t.Helper()
	output, metadata := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(output, "a"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(metadata, "scratch"), nil, 0o600))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(output, "link")))
	return []string{"--endpoint=" + endpoint, "--output=" + output, "--metadata=" + metadata, "--credentials=" + t.TempDir()}
}

func TestBadFilesAreFoundWithoutTheRunner(t *testing.T) {
	var stderr bytes.Buffer
	assert.Equal(t, 1, run(t.Context(), arguments(t, "https://runner.invalid"), "configure", &stderr))
	assert.Equal(t, "kratix-harvest: \"output/link\" is a symbolic link; write the file itself there (cp -L)\n", stderr.String())
}

// Kratix throws the output of delete workflows away, so nothing in it is an error.
func TestDeleteLeavesTheOutput(t *testing.T) {
	var stderr bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, exitTerminated, run(ctx, arguments(t, "https://runner.invalid"), "delete", &stderr))
	assert.Contains(t, stderr.String(), "scratch means nothing to Kratix and is left out")
	assert.Contains(t, stderr.String(), "0 files and directories, 1024 bytes")
}

func TestMeaningOfAnswers(t *testing.T) {
	var (
		end    final
		no     denied
		pause  later
		ending = []int{300, 302, 307, 400, 404, 405, 409, 411, 413, 415, 422, 431}
		asking = []int{408, 425, 429, 500, 502, 503, 504}
	)
	r := newRunner(t, nil)
	attempt := func(status int) error {
		r.handler = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://elsewhere.invalid")
			w.WriteHeader(status)
			_, _ = w.Write([]byte("because\x1b[31m\n"))
		}
		return r.harvest.attempt(t.Context())
	}
	assert.NoError(t, attempt(200))
	assert.NoError(t, attempt(410))
	for _, status := range ending {
		err := attempt(status)
		assert.ErrorAs(t, err, &end, status)
		assert.ErrorContains(t, err, "because")
		assert.NotContains(t, err.Error(), "\x1b")
	}
	for _, status := range asking {
		assert.ErrorAs(t, attempt(status), &pause, status)
	}
	for _, status := range []int{401, 403} {
		assert.ErrorAs(t, attempt(status), &no, status)
	}
}
