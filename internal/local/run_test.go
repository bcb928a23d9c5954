// SPDX-License-Identifier: Apache-2.0

//go:build unix

package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/quote"
)

// TestCommandLines has every command line of a run, from the first to the last.
func TestCommandLines(t *testing.T) {
	for _, name := range Engines {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, name)
			f.write("log", "hello\nworld")
			f.write("1-output/app.yaml", "kind: App\n")
			f.write("1-metadata/status.yaml", "message: done\n")
			f.write("1-metadata/notes.txt", "?")
			s := f.open()
			results, err := s.Run(t.Context(), script(), true)
			require.NoError(t, err)
			require.NoError(t, s.Close(t.Context()))
			golden(t, name+".txt", s.ID, f.read("asked"))
			f.clean()

			contents, err := bundle.Inspect(bytes.NewReader(results.Bundle), bundle.DefaultLimits())
			require.NoError(t, err)
			assert.Equal(t, 1, contents.Files)
			assert.Equal(t, "message: done\n", string(contents.Metadata["status.yaml"]))
			assert.Equal(t, []string{"notes.txt"}, results.Ignored)
			assert.Equal(t, "render/write | hello\nrender/write | world\nrender/check | hello\nrender/check | world\n", f.log.String())
		})
	}
}

func TestOutputOfADeleteWorkflowIsNotRead(t *testing.T) {
	f := newFake(t, Podman)
	f.write("1-output/app.yaml", "kind: App\n")
	s := f.open()
	results, err := s.Run(t.Context(), script(), false)
	require.NoError(t, err)
	assert.Equal(t, empty(), results.Bundle)
	assert.NotContains(t, f.read("asked"), "files/output -")
	require.NoError(t, s.Close(t.Context()))
}

// TestEngineFails: whatever fails, the error says it in one line, and nothing is left.
func TestEngineFails(t *testing.T) {
	for verb, want := range map[string]string{
		"volume create": "podman volume create: no space left on device",
		"create":        "Pipeline render: container write did not start: podman create: no space left on device",
		"cp":            "podman cp: no space left on device",
		"cp out":        "read /kratix/metadata from the container engine: unexpected EOF; podman says: no space left on device",
		"inspect":       "podman inspect: no space left on device",
	} {
		t.Run(verb, func(t *testing.T) {
			f := newFake(t, Podman)
			f.write("fail", verb+"\nError: some context\nno space left on device\n")
			s := f.open()
			_, err := s.Run(t.Context(), script(), true)
			require.ErrorContains(t, err, want)
			require.NoError(t, s.Close(t.Context()))
			f.clean()
		})
	}
}

func TestContainerFails(t *testing.T) {
	for state, want := range map[string]string{
		`{"Status": "exited", "ExitCode": 3}`:                                       "Pipeline render: container write failed with exit code 3; its log is above, and --keep leaves it and its volumes to look at",
		`{"Status": "exited", "ExitCode": 137}`:                                     "Pipeline render: container write was killed (exit code 137): look for what kills it, such as its memory limit, a lack of memory on this machine, or kill -9 in its script",
		`{"Status": "exited", "ExitCode": 137, "OOMKilled": true}`:                  "Pipeline render: container write was killed (exit code 137): it used more memory than it may; raise resources.limits.memory, or use less",
		`{"Status": "created", "ExitCode": 127, "Error": "exec: \"x\": not found"}`: `Pipeline render: container write did not start: exec: "x": not found`,
		`{"Status": "initialized"}`:                                                 "Pipeline render: container write did not start: the last line",
		`{"Status": "running"}`:                                                     "podman start ended, but the container write still runs; --keep leaves it to look at with TYPED inspect RUN-1-1-write",
	} {
		t.Run(state, func(t *testing.T) {
			f := newFake(t, Podman)
			f.write("state", state)
			f.write("log", "a line\nthe last line\n\n")
			s := f.open()
			_, err := s.Run(t.Context(), script(), true)
			require.EqualError(t, err, strings.NewReplacer("TYPED", quote.Word(f.Typed), "RUN", s.ID).Replace(want))
			assert.NotContains(t, f.read("asked"), "start --attach "+s.ID+"-1-2-check", "the first that fails ends the Pipeline")
			require.NoError(t, s.Close(t.Context()))
			f.clean()
		})
	}
}

// TestChildOutOfMemory: a container that ended well is not to blame, as in a cluster.
func TestChildOutOfMemory(t *testing.T) {
	f := newFake(t, Podman)
	f.write("state", `{"Status": "exited", "ExitCode": 0, "OOMKilled": true}`)
	s := f.open()
	_, err := s.Run(t.Context(), script(), true)
	require.NoError(t, err)
	assert.Equal(t, "warning: render/write ended well, but one of its processes used more memory than the container may; raise resources.limits.memory, or use less\n"+
		"warning: render/check ended well, but one of its processes used more memory than the container may; raise resources.limits.memory, or use less\n", f.log.String())
	require.NoError(t, s.Close(t.Context()))
}

// TestEnded ends a run while the engine is busy with each of its verbs.
func TestEnded(t *testing.T) {
	gone := errors.New("gone home")
	for _, verb := range []string{"volume create", "create", "cp", "start", "inspect", "cp out"} {
		t.Run(verb, func(t *testing.T) {
			f := newFake(t, Docker)
			f.write("wait", verb)
			s := f.open()
			ctx, end := context.WithCancelCause(t.Context())
			waits := filepath.Join(f.dir, "waits")
			require.NoError(t, syscall.Mkfifo(waits, 0o600))
			go func() {
				_, _ = os.ReadFile(waits) // until the engine waits
				end(gone)
			}()
			_, err := s.Run(ctx, script(), true)
			require.ErrorIs(t, err, gone)
			require.NoError(t, os.Remove(filepath.Join(f.dir, "wait")))
			require.NoError(t, s.Close(ctx))
			f.clean()
		})
	}
}

// TestEndedWhileMaking: docker's daemon makes a container also when its program is interrupted. So the
// program ends by itself, and the container is removed.
func TestEndedWhileMaking(t *testing.T) {
	for verb, makes := range map[string]string{"volume create": "-1-input", "create": "-1-files"} {
		t.Run(verb, func(t *testing.T) {
			f := newFake(t, Docker)
			f.write("slow", verb)
			waits, goes := filepath.Join(f.dir, "waits"), filepath.Join(f.dir, "goes")
			require.NoError(t, errors.Join(syscall.Mkfifo(waits, 0o600), syscall.Mkfifo(goes, 0o600)))
			s := f.open()
			ctx, end := context.WithCancel(t.Context())
			go func() {
				_, _ = os.ReadFile(waits) // until the engine is busy
				end()
				_ = os.WriteFile(goes, nil, 0o600)
			}()
			_, err := s.Run(ctx, script(), true)
			require.ErrorIs(t, err, context.Canceled)
			assert.Contains(t, f.read("names"), s.ID+makes)
			require.NoError(t, s.Close(ctx))
			f.clean()
		})
	}
}

func TestPulls(t *testing.T) {
	for last, want := range map[string]bool{
		"":                                       false,
		"Unable to find image 'a:1' locally":     true,
		"3f9a: Download complete":                true,
		"Status: Downloaded newer image for a:1": false,
		"WARNING: Error loading config file: permission denied": false,
	} {
		assert.Equal(t, want, pulls(last), last)
	}
}

func TestTimeoutOfThePipeline(t *testing.T) {
	f := newFake(t, Docker)
	f.write("wait", "start")
	f.write("waits", "")
	s := f.open()
	limited := script()
	limited.Timeout = 300 * time.Millisecond
	_, err := s.Run(t.Context(), limited, true)
	require.ErrorIs(t, err, ErrTime)
	assert.EqualError(t, err, "Pipeline render: the time limit of the Pipeline is over (300ms)")
	require.NoError(t, s.Close(t.Context()))
	f.clean()
}

// TestReadOnlyRoot: podman leaves /tmp writable unless it is told.
func TestReadOnlyRoot(t *testing.T) {
	closed := script()
	closed.Containers[0].Options = []string{"--read-only"}
	for name, want := range map[string]string{Docker: " --read-only --env", Podman: " --read-only --read-only-tmpfs=false --env"} {
		w := wording{engine: name, script: closed}
		assert.Contains(t, strings.Join(w.create(0)[0].args, " "), want)
	}
}
