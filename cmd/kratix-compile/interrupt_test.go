// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/local/localtest"
)

// TestInterruptedLookUp presses Ctrl-C while a registry takes its time.
func TestInterruptedLookUp(t *testing.T) {
	asked := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)

	text, err := os.ReadFile("testdata/input/warns.yaml")
	require.NoError(t, err)
	dir := t.TempDir()
	promise, saved := filepath.Join(dir, "promise.yaml"), filepath.Join(dir, "images.yaml")
	host := strings.TrimPrefix(server.URL, "http://")
	require.NoError(t, os.WriteFile(promise, bytes.ReplaceAll(text, []byte("image: "), []byte("image: "+host+"/")), 0o644))

	cmd := exec.Command("kratix-compile", "-f", promise, "--backend", "tekton", "--resolve-images", "--save-image-config", saved)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	require.NoError(t, cmd.Start())
	<-asked
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Error(t, cmd.Wait())
	assert.Equal(t, console.Interrupted, cmd.ProcessState.ExitCode())
	assert.Equal(t, "looking up 1 image\nerror: interrupted while looking up images; nothing was written\n", words.String())
	assert.Empty(t, out.String())
	assert.NoFileExists(t, saved)
}

// TestInterruptedRun presses Ctrl-C while a container runs. What is said of it is what was done.
func TestInterruptedRun(t *testing.T) {
	for name, c := range map[string]struct {
		keep       bool
		fail, want string
	}{
		"removed": {want: "\nerror: interrupted; the containers and volumes are removed\n$"},
		"kept":    {keep: true, want: "\nkept: the containers [^\n]+\n[^\n]+\nerror: interrupted\n$"},
		"not removed": {
			fail: "rm\nit is busy\n",
			want: "\nerror: interrupted; remove the containers and volumes of kratix-run-[0-9]+: docker rm: it is busy; the next run tries again\n$",
		},
	} {
		t.Run(name, func(t *testing.T) {
			engine := t.TempDir()
			waits := filepath.Join(engine, "waits")
			require.NoError(t, syscall.Mkfifo(waits, 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(engine, "wait"), []byte("start"), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(engine, "fail"), []byte(c.fail), 0o600))
			cmd := exec.Command("kratix-compile", "run", "-f", "../../examples/website/promise.yaml", "--container-engine", "docker", "--keep="+strconv.FormatBool(c.keep))
			cmd.Env = append(os.Environ(), localtest.Variable+"="+engine, "XDG_CACHE_HOME="+t.TempDir())
			var words bytes.Buffer
			cmd.Stderr = &words
			require.NoError(t, cmd.Start())
			_, err := os.ReadFile(waits) // until the container runs
			require.NoError(t, err)
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
			require.Error(t, cmd.Wait())
			assert.Equal(t, console.Interrupted, cmd.ProcessState.ExitCode())
			assert.Regexp(t, c.want, words.String())
		})
	}
}
