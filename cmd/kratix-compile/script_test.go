// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kratix-compile/kratix-compile/internal/local"
	"github.com/kratix-compile/kratix-compile/internal/local/localtest"
)

var update = flag.Bool("update", false, "rewrite the expected output in the scripts, and the golden files of the examples")

// TestMain lets scripts, and the shells that documents are run with, call this test binary by the
// names of the command, and by those of container engines, which run nothing.
func TestMain(m *testing.M) {
	_ = os.Setenv(raceOptions())
	testscript.Main(m, map[string]func(){
		"kratix-compile":         main,
		"kubectl-kratix_compile": main,
		completePlugin:           main,
		local.Docker:             localtest.Main,
		local.Podman:             localtest.Main,
	})
}

// raceOptions keep the race detector from waiting a second at the end of each of
// the many processes.
func raceOptions() (name, value string) { return "GORACE", "atexit_sleep_ms=0" }

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv(raceOptions())
			return errors.Join(
				copyTree(env.WorkDir, "testdata/input"),
				copyTree(filepath.Join(env.WorkDir, "examples"), "../../examples"),
			)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "replace": replace, "registry": startRegistry,
		},
	})
}

func copyTree(to, from string) error { return os.CopyFS(to, os.DirFS(from)) }

// exits CODE COMMAND... demands an exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d\n%s%s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// replace FILE OLD NEW changes a file. In OLD and NEW, \r and \n mean what they mean in Go.
func replace(ts *testscript.TestScript, _ bool, args []string) {
	text := func(s string) string {
		out, err := strconv.Unquote(`"` + s + `"`)
		ts.Check(err)
		return out
	}
	path := ts.MkAbs(args[0])
	before := ts.ReadFile(args[0])
	after := strings.ReplaceAll(before, text(args[1]), text(args[2]))
	if after == before {
		ts.Fatalf("%s: no %q in it", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, []byte(after), 0o644))
}

// registry starts a registry on the loopback device. It holds one image, app:v1
// with ENTRYPOINT /app and CMD serve; $REGISTRY is its address.
func startRegistry(ts *testscript.TestScript, _ bool, _ []string) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	ts.Defer(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")

	config, err := empty.Image.ConfigFile()
	ts.Check(err)
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config.Entrypoint, config.Config.Cmd = []string{"/app"}, []string{"serve"}
	image, err := mutate.ConfigFile(empty.Image, config)
	ts.Check(err)
	ref, err := name.ParseReference(address + "/app:v1")
	ts.Check(err)
	ts.Check(remote.Write(ref, image))
	ts.Setenv("REGISTRY", address)
	ts.Setenv("DOCKER_CONFIG", ts.MkAbs("no-login"))
}
