// SPDX-License-Identifier: Apache-2.0

//go:build unix

package local

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// abandon leaves what a killed run has left: its directory, which nobody holds, and a container.
func (f *fake) abandon(id, engine string) {
	f.t.Helper()
	at := filepath.Join(os.Getenv("XDG_CACHE_HOME"), runs, id)
	require.NoError(f.t, os.MkdirAll(at, 0o700))
	require.NoError(f.t, os.WriteFile(filepath.Join(at, engineFile), []byte(engine), 0o600))
	f.write("names", f.read("names")+"create "+label+"="+id+" "+id+"-1-files\nvolume create "+label+"="+id+" "+id+"-1-output\n")
}

func TestNextRunRemovesWhatAKilledOneLeft(t *testing.T) {
	f := newFake(t, Podman)
	t.Setenv("DOCKER_HOST", "ssh://a")
	f.abandon("kratix-run-1", f.identity(t.Context()))
	t.Setenv("DOCKER_HOST", "ssh://b")
	require.NoError(t, f.open().Close(t.Context()))
	assert.NotEmpty(t, f.read("names"), "it is not on b")
	t.Setenv("DOCKER_HOST", "ssh://a")
	s := f.open()
	assert.Empty(t, f.read("names"))
	assert.Equal(t, "removed 2 containers and volumes of a run that was killed\n", f.log.String())
	require.NoError(t, s.Close(t.Context()))
	f.clean()
}

// TestContext: `docker context use` and podman's default connection choose another engine.
func TestContext(t *testing.T) {
	for _, name := range Engines {
		f := newFake(t, name)
		f.write("context", "one\n")
		f.abandon("kratix-run-1", f.identity(t.Context()))
		f.write("context", "two\n")
		require.NoError(t, f.open().Close(t.Context()))
		assert.NotEmpty(t, f.read("names"), "they are not on two")
		f.write("context", "one\n")
		require.NoError(t, f.open().Close(t.Context()))
		f.clean()
	}
}

// TestWhatIsLeftCannotBeRemoved: the run begins, says so, and leaves it to the next one.
func TestWhatIsLeftCannotBeRemoved(t *testing.T) {
	f := newFake(t, Podman)
	f.abandon("kratix-run-1", f.identity(t.Context()))
	f.write("fail", "rm\nit is busy\n")
	require.NoError(t, f.open().Close(t.Context()))
	assert.Equal(t, "warning: what the killed run kratix-run-1 has left cannot be removed: podman rm: it is busy; the next run tries again\n", f.log.String())
	f.write("fail", "")
	require.NoError(t, f.open().Close(t.Context()))
	f.clean()
}

// TestEngineHangs: a run waits a minute at most for an engine that removes nothing.
func TestEngineHangs(t *testing.T) {
	f := newFake(t, Podman)
	whole := cleanTime
	t.Cleanup(func() { cleanTime = whole })
	cleanTime = 300 * time.Millisecond
	f.abandon("kratix-run-1", f.identity(t.Context()))
	f.write("wait", "ps")
	f.write("waits", "")
	s := f.open()
	assert.Equal(t, "warning: what the killed run kratix-run-1 has left cannot be removed: the engine did not remove it within 300ms; the next run tries again\n", f.log.String())
	require.EqualError(t, s.Close(t.Context()), "remove the containers and volumes of "+s.ID+": the engine did not remove them within 300ms")
	cleanTime = whole
	f.write("wait", "")
	require.NoError(t, f.open().Close(t.Context()))
	f.clean()
}

// TestAnotherRunRemoves: a run says what it waits for, and Ctrl-C ends it.
func TestAnotherRunRemoves(t *testing.T) {
	f := newFake(t, Podman)
	require.NoError(t, f.open().Close(t.Context()))
	other, err := os.Open(filepath.Join(os.Getenv("XDG_CACHE_HOME"), runs))
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(other.Fd()), syscall.LOCK_EX))
	ctx, end := context.WithCancelCause(t.Context())
	log, to := io.Pipe()
	var line string
	go func() {
		line, _ = bufio.NewReader(log).ReadString('\n')
		end(errors.New("gone home"))
	}()
	_, err = Open(ctx, f.Engine, &Log{To: to})
	require.ErrorContains(t, err, "gone home")
	assert.Equal(t, "waiting for another kratix-compile run, which removes what killed runs have left\n", line)
	require.NoError(t, other.Close())
}

// TestMakingOutlivesTheRun: a run is killed while the engine still pulls. The container comes later, so
// the run's directory stays until the engine has ended.
func TestMakingOutlivesTheRun(t *testing.T) {
	f := newFake(t, Podman)
	f.write("wait", "create")
	waits := filepath.Join(f.dir, "waits")
	require.NoError(t, syscall.Mkfifo(waits, 0o600))
	log, to := io.Pipe()
	killed, err := Open(t.Context(), f.Engine, &Log{To: to})
	require.NoError(t, err)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := killed.Run(ctx, script(), true)
		ended <- err
	}()
	line, err := bufio.NewReader(log).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "waiting")
	go io.Copy(io.Discard, log) //nolint:errcheck // it ends with the test
	_, err = os.ReadFile(waits)
	require.NoError(t, err)
	require.NoError(t, killed.dir.Release(), "as when the process ends")
	require.NoError(t, f.open().Close(t.Context()))
	require.DirExists(t, killed.dir.Path)

	end()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.NoError(t, os.Remove(filepath.Join(f.dir, "wait")))
	require.NoError(t, f.open().Close(t.Context()))
	f.clean()
}

func TestLivingRunsAndOtherEnginesAreLeftAlone(t *testing.T) {
	f := newFake(t, Podman)
	living := f.open()
	_, err := living.Run(t.Context(), script(), true)
	require.NoError(t, err)
	f.abandon("kratix-run-2", "/elsewhere/docker")
	before := f.read("names")
	s := f.open()
	assert.Equal(t, before, f.read("names"))
	assert.NotEqual(t, living.ID, s.ID)
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, living.Close(t.Context()))
	assert.Contains(t, f.read("names"), "kratix-run-2")
}

// TestRemovingFails: the next run tries again.
func TestRemovingFails(t *testing.T) {
	f := newFake(t, Podman)
	s := f.open()
	_, err := s.Run(t.Context(), script(), true)
	require.NoError(t, err)
	f.write("fail", "rm\nit is busy\n")
	require.ErrorContains(t, s.Close(t.Context()), "podman rm: it is busy")
	assert.NotEmpty(t, f.read("names"))
	f.write("fail", "")
	require.NoError(t, f.open().Close(t.Context()))
	f.clean()
}

// TestFullDisk: Podman writes when it removes a container, so volumes have to make room for it.
func TestFullDisk(t *testing.T) {
	f := newFake(t, Podman)
	f.write("full", "")
	s := f.open()
	_, err := s.Run(t.Context(), script(), true)
	require.NoError(t, err)
	require.NoError(t, s.Close(t.Context()))
	f.clean()
}

func TestKeep(t *testing.T) {
	f := newFake(t, Docker)
	s := f.open()
	_, err := s.Run(t.Context(), script(), true)
	require.NoError(t, err)
	s.engine.Typed = "/opt/my docker"
	f.log.Reset()
	require.NoError(t, s.Keep())
	assert.Equal(t, strings.ReplaceAll(`kept: the containers and volumes with the label kratix-compile.io/run=ID; remove them with
  '/opt/my docker' rm --force --volumes $('/opt/my docker' ps --all --quiet --filter label=kratix-compile.io/run=ID); '/opt/my docker' volume rm --force $('/opt/my docker' volume ls --quiet --filter label=kratix-compile.io/run=ID)
`, "ID", s.ID), f.log.String())
	require.NoError(t, f.open().Close(t.Context()))
	assert.Contains(t, f.read("names"), s.ID, "no later run removes it")
}

func TestFind(t *testing.T) {
	f := newFake(t, Podman)
	_, err := Find(t.Context(), "/usr/local/bin/nerdctl")
	require.EqualError(t, err, "nerdctl cannot be used: its cp takes no tar stream (nerdctl cp - NAME:PATH); use docker or podman")
	_, err = Find(t.Context(), "/no/podman")
	require.EqualError(t, err, "the container engine /no/podman is not there: install it, or name another one with --container-engine")

	t.Setenv("PATH", t.TempDir())
	_, err = Find(t.Context(), "")
	require.ErrorContains(t, err, "no container engine: install docker")

	t.Setenv("PATH", filepath.Dir(f.Path))
	found, err := Find(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, Engine{Name: Podman, Path: f.Path, Typed: Podman}, found)

	f.write("version", "Docker version 28.2.2, build e6534b4\n")
	found, err = Find(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, Docker, found.Name, "whatever the file is called")
	f.write("version", "nerdctl version 1.7.7\n")
	_, err = Find(t.Context(), "")
	require.ErrorContains(t, err, "nerdctl cannot be used")
	f.write("version", "hello\n")
	_, err = Find(t.Context(), "")
	require.EqualError(t, err, `the container engine podman is neither docker nor podman: with --version it says "hello"; name another one with --container-engine`)

	whole := probeTime
	t.Cleanup(func() { probeTime = whole })
	probeTime = 300 * time.Millisecond
	f.write("wait", "version")
	f.write("waits", "")
	_, err = Find(t.Context(), "")
	require.EqualError(t, err, "the container engine podman does not answer: no answer within 300ms; start it, or name another one with --container-engine")
	probeTime = whole

	f.write("fail", "version\nno daemon\n")
	_, err = Find(t.Context(), "")
	require.EqualError(t, err, "the container engine podman does not answer: podman version: no daemon; start it, or name another one with --container-engine")
}
