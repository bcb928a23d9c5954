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
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
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
