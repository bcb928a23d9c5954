// SPDX-License-Identifier: Apache-2.0

package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
	dir, err := os.MkdirTemp("", "e2e-local-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	shared = machine{bin: filepath.Join(dir, "bin"), dir: dir}
	if err := shared.prepare(context.Background()); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// watched says its process into the pipe PHASE, if that is set, when it begins what PHASE_VERB
// names.
const watched = `#!/bin/sh
if [ -n "$PHASE" ] && [ "$1" = "$PHASE_VERB" ]; then echo $$ > "$PHASE"; fi
exec PODMAN "$@"
`

// occupied is an image that has files where Pipelines have volumes.
const occupied = "FROM " + Busybox + `
RUN mkdir -p /kratix/output && echo "of the image" > /kratix/output/image.txt
`

func (m machine) prepare(ctx context.Context) error {
	engine, err := Podman(m.dir)
	if err != nil {
		return err
	}
	image := filepath.Join(m.dir, "image")
	if err := errors.Join(MakeBusybox(ctx, engine), write(map[string]string{
		filepath.Join(m.bin, "podman"):     strings.Replace(watched, "PODMAN", engine, 1),
		filepath.Join(image, "Dockerfile"): occupied,
	})); err != nil {
		return err
	}
	build := exec.Command("go", "build", "-C", "../..", "-o", filepath.Join(m.bin, "kratix-compile"), "./cmd/kratix-compile")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the compiler: %w\n%s", err, out)
	}
	if out, err := exec.CommandContext(ctx, engine, "build", "--quiet", "--tag", Busybox, image).CombinedOutput(); err != nil {
		return fmt.Errorf("podman build: %w\n%s", err, out)
	}
	return nil
}

// podman asks the engine.
func (m machine) podman(t *testing.T, args ...string) string {
	t.Helper()
	var said bytes.Buffer
	c := exec.Command(filepath.Join(m.bin, "podman"), args...)
	c.Stderr = &said
	out, err := c.Output()
	require.NoError(t, err, said.String())
	return strings.TrimSpace(string(out))
}

// nothingLeft demands that Podman has no container and no volume, not even one that it has half removed.
func (m machine) nothingLeft(t *testing.T) {
	t.Helper()
	assert.Empty(t, m.podman(t, "ps", "--all", "--external", "--quiet"))
	assert.Empty(t, m.podman(t, "volume", "ls", "--quiet"))
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

// nothingLeft demands that no run has left anything on the shared Podman, or on this machine.
func nothingLeft(t *testing.T) {
	t.Helper()
	shared.nothingLeft(t)
	left, err := filepath.Glob(filepath.Join(shared.dir, "cache/kratix-compile/runs/*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}
