// SPDX-License-Identifier: Apache-2.0

// Package local runs Promises with kratix-compile run on a real Podman, which has a folder of its
// own for everything and disturbs no other.
package local

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// machine is a Podman with one image, and the compiler.
type machine struct {
	// bin has kratix-compile and podman, and comes first in PATH.
	bin string
	// dir has everything that Podman keeps.
	dir string
}

var shared machine

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e/local:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	for program, debian := range map[string]string{"podman": "podman", "runc": "runc", "busybox": "busybox-static"} {
		if err := cluster.Ensure(program, debian); err != nil {
			return 1, err
		}
	}
	dir, err := os.MkdirTemp("", "e2e-local-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	shared = machine{bin: filepath.Join(dir, "bin"), dir: dir}
	if err := shared.prepare(); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// containersConf: limits as low as everybody may set them, and no network, which containers of
// some machines cannot have.
const containersConf = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
`

// podman is Debian's with words before those of the caller. If PHASE is set, it says its process
// into that pipe when it begins what PHASE_VERB names.
const podman = `#!/bin/sh
if [ -n "$PHASE" ] && [ "$1" = "$PHASE_VERB" ]; then echo $$ > "$PHASE"; fi
export CONTAINERS_CONF=DIR/containers.conf
exec PODMAN --root DIR/root --runroot DIR/runroot --storage-driver vfs --runtime runc --cgroup-manager cgroupfs "$@"
`

const dockerfile = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /tmp /kratix/output && chmod 1777 /tmp && echo "of the image" > /kratix/output/image.txt
ENV PATH=/bin
`

func (m machine) prepare() error {
	if err := os.MkdirAll(filepath.Join(m.dir, "image"), 0o755); err != nil {
		return err
	}
	if err := os.MkdirAll(m.bin, 0o755); err != nil {
		return err
	}
	program, err := exec.LookPath("podman")
	if err != nil {
		return err
	}
	script := strings.NewReplacer("DIR", m.dir, "PODMAN", program).Replace(podman)
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return err
	}
	data, err := os.ReadFile(busybox)
	if err != nil {
		return err
	}
	for name, content := range map[string]string{
		"bin/podman": script, "containers.conf": containersConf, "image/Dockerfile": dockerfile, "image/busybox": string(data),
	} {
		if err := os.WriteFile(filepath.Join(m.dir, name), []byte(content), 0o755); err != nil {
			return err
		}
	}
	for _, c := range []*exec.Cmd{
		exec.Command("go", "build", "-o", filepath.Join(m.bin, "kratix-compile"), "../../cmd/kratix-compile"),
		exec.Command(filepath.Join(m.bin, "podman"), "build", "--quiet", "--tag", "docker.io/library/busybox:1.37", filepath.Join(m.dir, "image")),
	} {
		if c.Args[0] == "go" {
			c.Args[4], c.Dir = "./cmd/kratix-compile", "../.."
		}
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(c.Args, " "), err, out)
		}
	}
	return nil
}

// podman asks the engine.
func (m machine) podman(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(m.bin, "podman"), args...).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

// person types commands in a directory.
type person struct {
	t   *testing.T
	dir string
	env []string
}

func newPerson(t *testing.T) *person {
	t.Helper()
	p := &person{t: t, dir: t.TempDir()}
	p.env = append(os.Environ(), "PATH="+shared.bin+":/usr/sbin:/usr/bin:/sbin:/bin", "XDG_CACHE_HOME="+filepath.Join(shared.dir, "cache"))
	return p
}

func (p *person) write(name, text string) {
	p.t.Helper()
	require.NoError(p.t, os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644))
}

// typed is a command that has not started.
func (p *person) typed(args ...string) (c *exec.Cmd, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	c = exec.Command(filepath.Join(shared.bin, "kratix-compile"), append([]string{"run"}, args...)...)
	c.Dir, c.Env, c.Stdout, c.Stderr = p.dir, p.env, stdout, stderr
	return c, stdout, stderr
}

// run runs kratix-compile run, and demands an exit code.
func (p *person) run(code int, args ...string) (stdout, stderr string) {
	p.t.Helper()
	c, out, said := p.typed(args...)
	_ = c.Run() // its code is looked at
	require.Equal(p.t, code, c.ProcessState.ExitCode(), "%s\n%s", out, said)
	return out.String(), said.String()
}

// nothingLeft demands that no run has left anything.
func nothingLeft(t *testing.T) {
	t.Helper()
	assert.Empty(t, shared.podman(t, "ps", "--all", "--quiet"))
	assert.Empty(t, shared.podman(t, "volume", "ls", "--quiet"))
	left, err := filepath.Glob(filepath.Join(shared.dir, "cache/kratix-compile/runs/*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}
