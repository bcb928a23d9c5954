// SPDX-License-Identifier: Apache-2.0

// Command demo compiles a Promise and a request for it, and runs them on a container engine, from
// what a person types to the files. It is called in the folder of e2e.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	if err := os.Chdir(".."); err != nil { // where a reader of README is
		return err
	}
	fmt.Fprintln(os.Stderr, "demo: building kratix-compile")
	if err := quietly(ctx, "go", "build", "-o", program, "./cmd/kratix-compile"); err != nil {
		return err
	}
	s := &stage{begin: time.Now()}
	own, err := os.MkdirTemp("", "demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(own)) }()
	engine, err := obtain(ctx, s, own)
	if err != nil {
		return err
	}
	return show(ctx, s, engine)
}

// The words of the demonstration.
const (
	program = "bin/kratix-compile"
	example = "examples/website"
	stores  = "examples/state-store.yaml"
	results = "dist/demo"
)

// show is the demonstration itself.
func show(ctx context.Context, s *stage, engine string) error {
	s.say("A Promise: an API for websites, and the Pipelines that run for each request.\n        Its manifests for Tekton and for Argo:")
	if err := s.types(ctx, program, "-f", example, "--backend", "all", "--output-dir", results+"/manifests"); err != nil {
		return err
	}
	if err := paths(results + "/manifests"); err != nil {
		return err
	}
	s.say("The same Pipelines in containers of this machine. A State Store would get their files:")
	if err := s.types(ctx, program, "run", "-f", example, "--destinations", stores, "--output-dir", results+"/files", "--container-engine", engine); err != nil {
		return err
	}
	s.say("The files are:")
	if err := contents(results + "/files"); err != nil {
		return err
	}
	s.say("Done. All of it is in %s. Now change a line of %s/promise.yaml,\n        and make demo again; or write a Promise of your own: docs/first-promise.md", results, example)
	return nil
}

// quietly runs a command whose words matter only if it fails.
func quietly(ctx context.Context, words ...string) error {
	if out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", words[0], err, out)
	}
	return nil
}
