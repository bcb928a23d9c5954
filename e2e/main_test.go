// SPDX-License-Identifier: Apache-2.0

// Package e2e runs what the compiler prints in real pods of real engines.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

var (
	shared   *cluster.Cluster
	compiler string // the program
	probe    string // the program in images
)

// images are those that cases may name, and where they are.
var images = map[string]string{}

func TestMain(m *testing.M) {
	cluster.Main()
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		if shared != nil {
			_ = shared.Close()
		}
		fmt.Fprintln(os.Stderr, "e2e: interrupted")
		os.Exit(1)
	})
	code, err := run(ctx, m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	_ = cancel // it would call the function above
	os.Exit(code)
}

func run(ctx context.Context, m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if compiler, err = buildCompiler(ctx, dir); err != nil {
		return 1, err
	}
	if shared, err = cluster.Use(ctx, os.Stderr); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.Close()) }()
	if err := pushImages(ctx, dir); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// buildCompiler is the command of the module above, or the one of E2E_COMPILER, which may be a release.
func buildCompiler(ctx context.Context, dir string) (string, error) {
	if program := os.Getenv("E2E_COMPILER"); program != "" {
		return filepath.Abs(program)
	}
	program := filepath.Join(dir, "kratix-compile")
	build := exec.CommandContext(ctx, "go", "build", "-C", "..", "-o", program, "./cmd/kratix-compile")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the compiler: %w\n%s", err, out)
	}
	return program, nil
}

func pushImages(ctx context.Context, dir string) error {
	var err error
	if probe, err = cluster.Program(ctx, dir, "probe"); err != nil {
		return err
	}
	harvest, err := cluster.Program(ctx, dir, "harvest")
	if err != nil {
		return err
	}
	for word, image := range map[string]cluster.Image{
		"IMAGE": {
			Name:  "probe",
			Files: map[string]string{"/bin/probe": probe},
			// Programs may be called anything, also what an engine takes for a reference.
			Links: map[string]string{"/bin/$(params.x)": "probe", "/bin/{{ item.x }}": "probe", "/bin/{{workflow.name}}": "probe"},
			Config: v1.Config{
				Entrypoint: []string{"/bin/probe"}, Cmd: []string{"from", "CMD"},
				Env: []string{"PATH=/bin", "FROM_IMAGE=yes"}, WorkingDir: "/tmp",
			},
		},
		// A user of its own, and a CMD where the other has an ENTRYPOINT.
		"IMAGE-WITH-USER": {
			Name: "probe-user", Files: map[string]string{"/bin/probe": probe},
			Config: v1.Config{Cmd: []string{"probe", "CMD"}, Env: []string{"PATH=/bin"}, User: "1234:5678", WorkingDir: "/made/by/runtime"},
		},
		// As the real one: the manifests demand that it is not root.
		"HARVEST": {Name: "harvest", Files: map[string]string{"/kratix-harvest": harvest}, Config: v1.Config{User: "65532:65532"}},
	} {
		if images[word], err = cluster.Push(ctx, image); err != nil {
			return err
		}
	}
	return nil
}
