// SPDX-License-Identifier: Apache-2.0

package local

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/local"
)

// starter is a variable that makes this test binary start a daemon in that directory.
const starter = "E2E_LOCAL_DOCKER"

// TestDaemonEnds: nothing that Docker has started is left when its starter is killed, not even a container.
func TestDaemonEnds(t *testing.T) {
	on(t, local.Docker, func(t *testing.T, _ machine) {
		dir, before := t.TempDir(), cgroups(t)
		c := exec.Command(os.Args[0])
		c.Env, c.Stderr = append(os.Environ(), starter+"="+dir), os.Stderr
		out, err := c.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, c.Start())
		_, err = bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		assert.GreaterOrEqual(t, processes(t, dir), 5, "unshare, its two shells, dockerd, and the container")
		assert.Greater(t, len(cgroups(t)), len(before))
		require.NoError(t, c.Process.Kill())
		_ = c.Wait() // it was killed
		require.Eventually(t, func() bool { return processes(t, dir) == 0 }, time.Minute, 100*time.Millisecond)
		mounts, err := os.ReadFile("/proc/self/mounts")
		require.NoError(t, err)
		assert.NotContains(t, string(mounts), dir)
		assert.Equal(t, before, cgroups(t))
	})
}

// startDaemon starts a daemon and a container, says so, and waits.
func startDaemon(ctx context.Context, dir string) error {
	daemon, err := Docker(ctx, dir)
	if err != nil {
		return err
	}
	if err := MakeBusybox(ctx, daemon.Program); err != nil {
		return err
	}
	container := exec.CommandContext(ctx, daemon.Program, "run", "--detach", Busybox, "sh", "-c", "sleep 600; : "+dir)
	if out, err := container.CombinedOutput(); err != nil {
		return fmt.Errorf("docker run: %w\n%s", err, out)
	}
	fmt.Println("a container runs")
	<-daemon.ended
	return errors.New("the daemon has ended")
}

// cgroups are those of daemons, whether there is one tree or one for each controller.
func cgroups(t *testing.T) []string {
	t.Helper()
	one, err := filepath.Glob("/sys/fs/cgroup/e2e-docker-*")
	require.NoError(t, err)
	many, err := filepath.Glob("/sys/fs/cgroup/*/e2e-docker-*")
	require.NoError(t, err)
	return append(one, many...)
}

// processes counts those that have a directory in their words.
func processes(t *testing.T, dir string) (found int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range all {
		if words, err := os.ReadFile(file); err == nil && bytes.Contains(words, []byte(dir)) {
			found++
		}
	}
	return found
}

// TestDaemonKilled ends Docker's daemon while the container runs. The run cannot remove anything then, so
// the next one does. Podman has no daemon.
func TestDaemonKilled(t *testing.T) {
	on(t, local.Docker, func(t *testing.T, m machine) {
		own, before := machine{engine: m.engine, dir: t.TempDir(), cache: m.cache}, cgroups(t)
		own.bin = own.dir
		daemon, err := Docker(t.Context(), own.dir)
		require.NoError(t, err)
		require.NoError(t, MakeBusybox(t.Context(), daemon.Program))
		p := m.person(t)
		p.pipeline("echo begun; sleep 600")
		c, _, _ := p.typed("-f", "promise.yaml", "--container-engine", daemon.Program)
		c.Stderr = nil
		pipe, err := c.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, c.Start())
		said := bufio.NewReader(pipe)
		for line := ""; line != "pipeline/container | begun\n"; {
			line, err = said.ReadString('\n')
			require.NoError(t, err)
		}
		require.NoError(t, daemon.Kill())
		assert.Equal(t, before, cgroups(t))
		rest, err := io.ReadAll(said)
		require.NoError(t, err)
		_ = c.Wait() // its code is looked at
		assert.Equal(t, 2, c.ProcessState.ExitCode())
		assert.Contains(t, string(rest), "Is the docker daemon running?; the next run tries again\n")

		daemon, err = Docker(t.Context(), own.dir)
		require.NoError(t, err)
		defer func() { assert.NoError(t, daemon.Stop()) }()
		p.pipeline("true")
		_, again := p.run(0, "-f", "promise.yaml", "--container-engine", daemon.Program)
		assert.Contains(t, again, "of a run that was killed\n")
		own.nothingLeft(t)
	})
}
