// SPDX-License-Identifier: Apache-2.0

package local

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/local"
)

// TestFaults: each ends with its exit code and a sentence, and leaves nothing.
func TestFaults(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		for name, c := range map[string]struct {
			script, field string
			code          int
			says          string
		}{
			"exit code":     {"exit 3", "", 1, "error: Pipeline pipeline: container container failed with exit code 3; "},
			"killed":        {"exit 137", "", 1, "error: Pipeline pipeline: container container was killed (exit code 137)"},
			"out of memory": {"tail /dev/zero", "resources: {limits: {memory: 32Mi}}", 1, "error: Pipeline pipeline: container container was killed (exit code 137)"},
			"link":          {"ln -s /etc/passwd /kratix/output/link", "", 1, `"output/link" is a symbolic link; write the file itself there (cp -L)`},
			"many files":    {"cd /kratix/output; seq 10001 | xargs touch", "", 1, "there are more than 10000 files and directories"},
			"sparse file":   {"truncate -s 10G /kratix/output/big", "", 1, `"output/big" has 10737418240 bytes; a file there may have 67108864`},
			"closed":        {"mkdir -m 700 /kratix/output/a; echo x > /kratix/output/a/b", "", 0, "warning: pipeline: /kratix/output/a cannot be read by others than its owner"},
			"pipe":          {"mkfifo /kratix/output/pipe", "", 1, `"output/pipe" is a named pipe, which no State Store can keep`},
			"metadata":      {"echo 'retryAfter: soon' > /kratix/metadata/workflow-control.yaml", "", 1, "workflow-control.yaml:1:13: retryAfter is \"soon\", which is no duration"},
			"suspended":     {"echo 'suspend: true' > /kratix/metadata/workflow-control.yaml", "", 0, "stopped: a Pipeline has suspended the workflow"},
			"no such file":  {"exec /nothing", "", 1, "error: Pipeline pipeline: container container failed with exit code 127"},
		} {
			t.Run(name, func(t *testing.T) {
				p := m.person(t)
				p.pipeline(c.script, c.field)
				_, said := p.run(c.code, "-f", "promise.yaml")
				assert.Contains(t, said, c.says)
				m.nothingLeft(t)
			})
		}
	})
}

func TestImageMissing(t *testing.T) {
	says := map[string]string{
		local.Podman: "podman create: localhost/nothing:1: image not known",
		local.Docker: "docker create: Error response from daemon: No such image: localhost/nothing:1",
	}
	onEach(t, func(t *testing.T, m machine) {
		p := m.person(t)
		p.pipeline("true", "imagePullPolicy: Never")
		p.write("promise.yaml", strings.Replace(p.read("promise.yaml"), "busybox:1.37", "localhost/nothing:1", 1))
		_, said := p.run(1, "-f", "promise.yaml")
		assert.Contains(t, said, "error: Pipeline pipeline: container container did not start: "+says[m.engine])
		m.nothingLeft(t)
	})
}

func TestTimeout(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		p := m.person(t)
		p.pipeline("sleep 600")
		_, said := p.run(1, "-f", "promise.yaml", "--timeout", "5s")
		assert.Contains(t, said, "error: the time limit of the run is over (--timeout 5s)\n")
		m.nothingLeft(t)
	})
}

// TestNoSpace: a container fills the file system that the engine has everything on.
func TestNoSpace(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		if os.Geteuid() != 0 {
			t.Skip("mounting needs root")
		}
		small := t.TempDir()
		require.NoError(t, syscall.Mount("tmpfs", small, "tmpfs", 0, "size=32m"))
		t.Cleanup(func() { assert.NoError(t, syscall.Unmount(small, syscall.MNT_DETACH)) })
		full := machine{engine: m.engine, dir: small, bin: small, cache: m.cache}
		engine, stop, err := full.start(t.Context())
		require.NoError(t, err)
		defer func() { assert.NoError(t, stop()) }()
		require.NoError(t, MakeBusybox(t.Context(), engine))
		p := m.person(t)
		p.pipeline("dd if=/dev/zero of=/kratix/output/big bs=64k")
		_, said := p.run(1, "-f", "promise.yaml", "--container-engine", engine)
		assert.Contains(t, said, "No space left on device")
		assert.Contains(t, said, "error: Pipeline pipeline: container container failed with exit code 1; ")
		full.nothingLeft(t)
	})
}

// begun starts a run, and returns when the engine begins what the verb says; pid is that of its program.
func (p *person) begun(verb string) (end func(os.Signal) (code int, said string), pid int) {
	p.t.Helper()
	phase := filepath.Join(p.t.TempDir(), "phase")
	require.NoError(p.t, syscall.Mkfifo(phase, 0o600))
	c, _, said := p.typed("-f", "promise.yaml")
	c.Env = slices.Concat(p.env, []string{"PHASE=" + phase, "PHASE_VERB=" + verb})
	require.NoError(p.t, c.Start())
	text, err := os.ReadFile(phase)
	require.NoError(p.t, err)
	go func() { // later commands of the verb wait for no reader
		for {
			if _, err := os.ReadFile(phase); err != nil {
				return
			}
		}
	}()
	pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(p.t, err)
	return func(s os.Signal) (int, string) {
		if s != nil {
			require.NoError(p.t, c.Process.Signal(s))
		}
		_ = c.Wait() // its code is looked at
		return c.ProcessState.ExitCode(), said.String()
	}, pid
}

var verbs = []string{"volume", "create", "cp", "start"}

// TestInterrupted presses Ctrl-C in each phase.
func TestInterrupted(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		for _, verb := range verbs {
			t.Run(verb, func(t *testing.T) {
				p := m.person(t)
				p.pipeline("sleep 600")
				end, _ := p.begun(verb)
				code, said := end(os.Interrupt)
				assert.Equal(t, 130, code, said)
				assert.Contains(t, said, "error: interrupted; the containers and volumes are removed\n")
				m.nothingLeft(t)
			})
		}
	})
}

// TestInterruptedWhileMaking presses Ctrl-C while the engine copies a large image for a container, which
// Docker's daemon does to the end.
func TestInterruptedWhileMaking(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		const image = "localhost/large:1"
		from := t.TempDir()
		require.NoError(t, write(map[string]string{
			filepath.Join(from, "Dockerfile"): "FROM " + Busybox + "\nRUN mkdir /many && cd /many && seq 10000 | xargs touch\n",
		}))
		m.ask(t, "build", "--quiet", "--tag", image, from)
		copies := func() []string {
			found, err := filepath.Glob(filepath.Join(m.dir, "*/vfs/dir/*"))
			require.NoError(t, err)
			return found
		}
		before := copies()
		require.NotEmpty(t, before)
		p := m.person(t)
		p.pipeline("sleep 600", "imagePullPolicy: Never")
		p.write("promise.yaml", strings.Replace(p.read("promise.yaml"), "busybox:1.37", image, 1))
		end, _ := p.begun("create")
		require.Eventually(t, func() bool { return len(copies()) > len(before) }, time.Minute, 10*time.Millisecond)
		code, said := end(os.Interrupt)
		assert.Equal(t, 130, code, said)
		assert.Contains(t, said, "error: interrupted; the containers and volumes are removed\n")
		assert.Equal(t, before, copies())
		m.nothingLeft(t)
	})
}

// TestKilled: the next run removes what a run has left that was killed in any phase, and nothing
// of one that is alive.
func TestKilled(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		alive := m.person(t)
		alive.pipeline("sleep 600")
		endAlive, _ := alive.begun("start")
		living := m.ask(t, "volume", "ls", "--quiet")
		for _, verb := range verbs {
			killed := m.person(t)
			killed.pipeline("sleep 600")
			end, pid := killed.begun(verb)
			end(syscall.SIGKILL)
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
		next := m.person(t)
		next.pipeline("true")
		_, said := next.run(0, "-f", "promise.yaml")
		assert.Contains(t, said, "of a run that was killed\n")
		assert.Equal(t, living, m.ask(t, "volume", "ls", "--quiet"))
		code, _ := endAlive(os.Interrupt)
		assert.Equal(t, 130, code)
		m.nothingLeft(t)
	})
}

// TestEngineKilled ends the engine's own program while the container runs.
func TestEngineKilled(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		p := m.person(t)
		p.pipeline("sleep 600")
		end, pid := p.begun("start")
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		code, said := end(nil)
		assert.NotZero(t, code)
		assert.Contains(t, said, "error: ")
		m.nothingLeft(t)
	})
}
