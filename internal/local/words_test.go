// SPDX-License-Identifier: Apache-2.0

//go:build unix

package local

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	compiled "github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/internal/local/localtest"
)

// TestDryRunIsWhatRuns: a shell that runs the lines of a dry run asks the engine for the same as a run.
func TestDryRunIsWhatRuns(t *testing.T) {
	for name, output := range map[string]bool{"configure": true, "delete": false} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, Podman)
			s := f.open()
			_, err := s.Run(t.Context(), script(), output)
			require.NoError(t, err)
			require.NoError(t, s.Close(t.Context()))
			asked := strings.ReplaceAll(f.read("asked"), s.ID, dryRunID)
			require.NoError(t, os.Remove(f.dir+"/asked"))

			var lines bytes.Buffer
			dry := &DryRun{Engine: f.Engine, To: &lines}
			_, err = dry.Run(t.Context(), script(), output)
			require.NoError(t, err)
			require.NoError(t, dry.Close())
			assert.Equal(t, "", f.read("asked"))
			shell := exec.Command("sh", "-ec", lines.String())
			shell.Stderr = os.Stderr
			_, err = shell.Output()
			require.NoError(t, err)
			before, _, _ := strings.Cut(asked, "volume create")
			assert.Equal(t, strings.TrimPrefix(asked, before), f.read("asked"), "but for what a run wants to know of the engine")
			f.clean()
		})
	}
}

func TestLog(t *testing.T) {
	var out bytes.Buffer
	w := &lines{log: &Log{To: &out}, prefix: "a"}
	for _, part := range []string{"one\ntw", "o\r\n\n", strings.Repeat("x", maxLine+1), "rest"} {
		n, err := w.Write([]byte(part))
		require.NoError(t, err)
		assert.Len(t, part, n)
	}
	w.flush()
	assert.Equal(t, "a | one\na | two\na | \na | "+strings.Repeat("x", maxLine+1)+"\na | rest\n", out.String())
	assert.Equal(t, "rest", w.last)

	out.Reset()
	(&Log{To: &out, Color: true}).line("a", []byte("b"))
	assert.Regexp(t, "^\x1b\\[3[0-9]ma\x1b\\[0m \\| b\n$", out.String())
}

// TestScriptKeepsVariables: such as one that calls sudo. Containers would not get their variables.
func TestScriptKeepsVariables(t *testing.T) {
	f := newFake(t, Podman)
	wrapper := filepath.Join(t.TempDir(), "podman")
	text := fmt.Sprintf("#!/bin/sh\nexec env -i %s=%s %s \"$@\"\n", localtest.Variable, f.dir, f.Path)
	require.NoError(t, os.WriteFile(wrapper, []byte(text), 0o755))
	var err error
	f.Engine, err = Find(t.Context(), wrapper)
	require.NoError(t, err)
	s := f.open()
	_, err = s.Run(t.Context(), script(), true)
	require.EqualError(t, err, wrapper+" keeps variables from the container engine, so containers would miss theirs; if it is a script with sudo, write sudo -E there")
	require.NoError(t, s.Close(t.Context()))
	f.clean()
}

// TestVariables: the list of processes shows no value but that of a variable that would change what the
// engine itself does, or that a shell does not hand on.
func TestVariables(t *testing.T) {
	for _, name := range []string{"PASSWORD", "_x9", "HOMEPAGE", "PATHS", "POSTGRES_PASSWORD", "AWS_SECRET_ACCESS_KEY", "CONTENT"} {
		words, own := variables([]compiled.Variable{{Name: name, Value: "secret\nline"}})
		assert.Equal(t, []string{"--env", name}, words)
		assert.Equal(t, []string{name + "=secret\nline"}, own)
	}
	for _, name := range []string{
		"PATH", "Path", "HOME", "TMPDIR", "DOCKER_HOST", "CONTAINER_HOST", "CONTAINERS_CONF", "XDG_CACHE_HOME", "SSH_AUTH_SOCK",
		"http_proxy", "NO_PROXY", "LD_PRELOAD", "GODEBUG", "REGISTRY_AUTH_FILE", "BASH_ENV", "tls.key", "my-key", "9A", "",
	} {
		words, own := variables([]compiled.Variable{{Name: name, Value: "v"}})
		assert.Equal(t, []string{"--env", name + "=v"}, words)
		assert.Empty(t, own)
	}
}
