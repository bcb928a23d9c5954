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
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/local"
)

// machine is a container engine with one image, and the compiler.
type machine struct {
	// engine is local.Podman or local.Docker.
	engine string
	// absent is why the engine cannot be here; mostly empty.
	absent string
	// dir has everything that the engine keeps.
	dir string
	// bin has kratix-compile and the engine, and comes first in PATH.
	bin string
	// cache is what XDG_CACHE_HOME says.
	cache string
}

// machines are one for each engine.
var machines []machine

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e/local:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if dir := os.Getenv(starter); dir != "" {
		return 1, startDaemon(context.Background(), dir)
	}
	dir, err := os.MkdirTemp("", "e2e-local-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, engine := range []string{local.Podman, local.Docker} {
		its := filepath.Join(dir, engine)
		made := machine{engine: engine, dir: its, bin: filepath.Join(its, "bin"), cache: filepath.Join(its, "cache")}
		if engine == local.Docker && os.Geteuid() != 0 {
			made.absent = "a Docker daemon needs root"
		} else {
			stop, failed := made.prepare(context.Background())
			defer func() { err = errors.Join(err, stop()) }()
			if failed != nil {
				return 1, failed
			}
		}
		machines = append(machines, made)
	}
	return m.Run(), nil
}

// onEach runs a test on each engine.
func onEach(t *testing.T, test func(t *testing.T, m machine)) {
	t.Helper()
	for _, m := range machines {
		on(t, m.engine, test)
	}
}

// on runs a test on one engine.
func on(t *testing.T, engine string, test func(t *testing.T, m machine)) {
	t.Helper()
	m := machines[slices.IndexFunc(machines, func(m machine) bool { return m.engine == engine })]
	t.Run(engine, func(t *testing.T) {
		if m.absent != "" {
			t.Skip(m.absent)
		}
		test(t, m)
	})
}

// start makes the engine, and returns its program and how it ends.
func (m machine) start(ctx context.Context) (program string, stop func() error, err error) {
	if m.engine == local.Podman {
		program, err = Podman(m.dir)
		return program, func() error { return nil }, err
	}
	daemon, err := Docker(ctx, m.dir)
	if err != nil {
		return "", func() error { return nil }, err
	}
	return daemon.Program, daemon.Stop, nil
}

const (
	// watched says its process into the pipe PHASE, if that is set, when it begins what PHASE_VERB
	// names.
	watched = `#!/bin/sh
if [ -n "$PHASE" ] && [ "$1" = "$PHASE_VERB" ]; then echo $$ > "$PHASE"; fi
exec ENGINE "$@"
`
	// silent is a docker without a daemon. kratix-compile run takes podman if this is there, too.
	silent = "#!/bin/sh\nexit 1\n"
	// occupied is an image that has files where Pipelines have volumes.
	occupied = "FROM " + Busybox + `
RUN mkdir -p /kratix/output && echo "of the image" > /kratix/output/image.txt
`
)

func (m machine) prepare(ctx context.Context) (stop func() error, err error) {
	engine, stop, err := m.start(ctx)
	if err != nil {
		return stop, err
	}
	image := filepath.Join(m.dir, "image")
	files := map[string]string{filepath.Join(m.bin, local.Docker): silent, filepath.Join(image, "Dockerfile"): occupied}
	files[filepath.Join(m.bin, m.engine)] = strings.Replace(watched, "ENGINE", engine, 1)
	if err := errors.Join(MakeBusybox(ctx, engine), write(files)); err != nil {
		return stop, err
	}
	for _, words := range [][]string{
		{"go", "build", "-C", "../..", "-o", filepath.Join(m.bin, "kratix-compile"), "./cmd/kratix-compile"},
		{engine, "build", "--quiet", "--tag", Busybox, image},
	} {
		if out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
			return stop, fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, out)
		}
	}
	return stop, nil
}

// ask asks the engine.
func (m machine) ask(t *testing.T, args ...string) string {
	t.Helper()
	var said bytes.Buffer
	c := exec.Command(filepath.Join(m.bin, m.engine), args...)
	c.Stderr = &said
	out, err := c.Output()
	require.NoError(t, err, said.String())
	return strings.TrimSpace(string(out))
}

// nothingLeft demands that no run has left anything on this machine, and that the engine has no
// container and no volume. Podman must not even have a container that it has half removed.
func (m machine) nothingLeft(t *testing.T) {
	t.Helper()
	list := []string{"ps", "--all", "--quiet"}
	if m.engine == local.Podman {
		list = append(list, "--external")
	}
	assert.Empty(t, m.ask(t, list...))
	assert.Empty(t, m.ask(t, "volume", "ls", "--quiet"))
	left, err := filepath.Glob(filepath.Join(m.cache, "kratix-compile/runs/*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// person types commands in a directory.
type person struct {
	t   *testing.T
	dir string
	bin string
	env []string
}

func (m machine) person(t *testing.T) *person {
	t.Helper()
	return &person{t: t, dir: t.TempDir(), bin: m.bin, env: append(os.Environ(), "PATH="+m.bin+":/usr/sbin:/usr/bin:/sbin:/bin", "XDG_CACHE_HOME="+m.cache)}
}

func (p *person) write(name, text string) {
	p.t.Helper()
	require.NoError(p.t, os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644))
}

// typed is a command that has not started.
func (p *person) typed(args ...string) (c *exec.Cmd, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	c = exec.Command(filepath.Join(p.bin, "kratix-compile"), append([]string{"run"}, args...)...)
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
