// SPDX-License-Identifier: Apache-2.0

//go:build unix

package local

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	compiled "github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/internal/local/localtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMain lets this test binary be the engine of its own tests.
func TestMain(m *testing.M) {
	if slices.Contains(Engines, filepath.Base(os.Args[0])) {
		localtest.Main()
		return
	}
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector would wait a second at the end of each process
	os.Exit(m.Run())
}

// fake is an engine that runs nothing, and what it was asked for.
type fake struct {
	Engine
	t   *testing.T
	dir string
	log bytes.Buffer
}

func newFake(t *testing.T, name string) *fake {
	t.Helper()
	f := &fake{t: t, dir: t.TempDir()}
	t.Setenv(localtest.Variable, f.dir)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	self, err := os.Executable()
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Symlink(self, program))
	f.Engine, err = Find(t.Context(), program)
	require.NoError(t, err)
	return f
}

func (f *fake) write(name, text string) {
	f.t.Helper()
	file := filepath.Join(f.dir, name)
	require.NoError(f.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(f.t, os.WriteFile(file, []byte(text), 0o644))
}

func (f *fake) read(name string) string {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, name))
	if os.IsNotExist(err) {
		return ""
	}
	require.NoError(f.t, err)
	return string(data)
}

func (f *fake) open() *Session {
	f.t.Helper()
	s, err := Open(f.t.Context(), f.Engine, &Log{To: &f.log})
	require.NoError(f.t, err)
	return s
}

// clean demands that nothing of any run is left.
func (f *fake) clean() {
	f.t.Helper()
	assert.Empty(f.t, f.read("names"))
	left, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), runs, "*"))
	require.NoError(f.t, err)
	assert.Empty(f.t, left)
}

// golden compares with a file of testdata; the ID of the run is RUN there.
func golden(t *testing.T, name, id, have string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	have = strings.ReplaceAll(have, id, "RUN")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(have), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), have)
}

func script() compiled.Script {
	input := compiled.Mount{Volume: "input", Path: "/kratix/input", ReadOnly: true}
	output, metadata := compiled.Mount{Volume: "output", Path: "/kratix/output"}, compiled.Mount{Volume: "metadata", Path: "/kratix/metadata"}
	return compiled.Script{
		Pipeline: "render",
		Volumes: []compiled.Volume{
			{Name: "input", Files: []compiled.File{{Path: "object.yaml", Mode: 0o644, Data: []byte("kind: A\n")}, {Path: "more/deep/x", Mode: 0o400, Data: []byte("x")}}},
			{Name: "output"},
			{Name: "metadata"},
		},
		Containers: []compiled.Container{
			{
				Name: "write", Image: "busybox:1.37", Pull: "missing", Options: []string{"--user", "1000"},
				Env:    []compiled.Variable{{Name: "A", Value: "b c\nd"}, {Name: "EMPTY"}, {Name: "http_proxy", Value: "proxy"}, {Name: "tls.key", Value: "k"}},
				Mounts: []compiled.Mount{input, output, metadata}, Command: []string{"sh", "-c"}, Args: []string{"echo hello"},
			},
			{
				Name: "check", Image: "check:1", Pull: "always", Mounts: []compiled.Mount{output}, Args: []string{"all"},
				Files: []compiled.File{{Path: "etc/check.conf", Mode: 0o644, Data: []byte("strict")}},
			},
		},
	}
}
