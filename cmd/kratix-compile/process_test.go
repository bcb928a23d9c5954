// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
)

// call runs the command in this process.
func call(in io.Reader, out io.Writer, args ...string) (code int, words string) {
	var stderr bytes.Buffer
	code = run(append([]string{"kratix-compile"}, args...), streams{in: in, out: out, err: &stderr})
	return code, stderr.String()
}

type writer func([]byte) (int, error)

func (w writer) Write(data []byte) (int, error) { return w(data) }

func TestPanicBecomesAReport(t *testing.T) {
	broken := writer(func([]byte) (int, error) { panic("index out of range") })

	t.Setenv(stackVariable, "")
	code, words := call(nil, broken, "matrix")
	assert.Equal(t, console.Bug, code)
	assert.True(t, strings.HasPrefix(words, "error: index out of range\nThis is a fault in kratix-compile "), words)
	assert.Contains(t, words, "Please report it")
	assert.Contains(t, words, stackVariable+"=1")
	assert.NotContains(t, words, "goroutine")

	t.Setenv(stackVariable, "1")
	code, words = call(nil, broken, "matrix")
	assert.Equal(t, console.Bug, code)
	assert.Contains(t, words, "goroutine")
	assert.Contains(t, words, "matrix.go")
}

func TestReaderThatLeavesIsNoError(t *testing.T) {
	gone := writer(func([]byte) (int, error) { return 0, &brokenPipe{} })
	for _, args := range [][]string{{"matrix"}, {"schema"}, {"explain"}, {"version"}, {"-f", "testdata/input/small.yaml", "--backend", "all"}} {
		code, words := call(nil, gone, args...)
		assert.NotEqual(t, console.OK, code, args)
		assert.Empty(t, words, args)
	}
}

type brokenPipe struct{}

func (*brokenPipe) Error() string { return "write: broken pipe" }
func (*brokenPipe) Unwrap() error { return syscall.EPIPE }

func TestFullDiskIsToldOf(t *testing.T) {
	full := writer(func([]byte) (int, error) { return 0, errors.New("no space left on device") })
	for _, args := range [][]string{
		{"matrix"}, {"completion", "bash"}, {"lint", "-f", "testdata/input/small.yaml"}, {"-f", "testdata/input/small.yaml", "-o", "plan"},
	} {
		code, words := call(nil, full, args...)
		assert.Equal(t, console.Usage, code, args)
		assert.Equal(t, "error: no space left on device\n", words, args)
	}
}

func TestStdinThatBreaksOff(t *testing.T) {
	half := io.MultiReader(strings.NewReader("kind: Promise\n"), iotest.ErrReader(errors.New("input/output error")))
	var out bytes.Buffer
	code, words := call(half, &out, "-f", "-", "--backend", "tekton")
	assert.Equal(t, console.Usage, code)
	assert.Equal(t, "error: <stdin>: input/output error\n", words)
	assert.Empty(t, out.String())

	dir, err := os.Open("testdata")
	require.NoError(t, err)
	t.Cleanup(func() { _ = dir.Close() })
	code, words = call(dir, &out, "-f", "-", "--backend", "tekton")
	assert.Equal(t, console.Usage, code)
	assert.True(t, strings.HasPrefix(words, "error: <stdin>: "), "by the name users know, not the file's own: %s", words)
}

func TestFilesHaveALimit(t *testing.T) {
	_, err := readAll(zeroes{}, "big.yaml")
	require.EqualError(t, err, "big.yaml: more than 256 MiB; split the file")
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestCommandName(t *testing.T) {
	for argv0, want := range map[string]string{
		"kratix-compile":                      "kratix-compile",
		"/usr/local/bin/kratix-compile":       "kratix-compile",
		"kratix-compile.exe":                  "kratix-compile",
		"/opt/bin/kubectl-kratix_compile":     "kubectl kratix-compile",
		"/opt/bin/kubectl-kratix_compile.exe": "kubectl kratix-compile",
		"kc":                                  "kc",
	} {
		assert.Equal(t, want, commandName(argv0))
	}
}
