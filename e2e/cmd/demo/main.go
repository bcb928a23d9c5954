// SPDX-License-Identifier: Apache-2.0

// Command demo shows a Promise and a request for it run on an engine, from kubectl apply
// to the files that come of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

func main() {
	cluster.Main()
	if err := run(os.Getenv("ENGINE")); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(engine string) (err error) {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	if engine == "" {
		engine = "tekton"
	}
	if os.Getenv("E2E_ENGINES") == "" { // the other engine would be built for nothing
		if err := os.Setenv("E2E_ENGINES", engine); err != nil {
			return err
		}
	}
	c, err := cluster.Use(ctx, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	dir, err := os.MkdirTemp("", "demo")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fmt.Fprintln(os.Stderr, "e2e: building and installing kratix-runner")
	installed, err := runner.Install(ctx, c, dir)
	if err != nil {
		return err
	}
	log := filepath.Join(os.TempDir(), "kratix-runner.log")
	r, err := installed.Start(ctx, log, "--engine="+engine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Stop()) }()
	fmt.Fprintln(os.Stderr, "e2e: kratix-runner is running, its log is", log)
	return show(ctx, &stage{Cluster: c, begin: time.Now(), told: map[string]string{}}, "../examples/website")
}

// show is the demonstration itself.
func show(ctx context.Context, s *stage, example string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	made, err := s.offer(ctx)
	if err != nil {
		return err
	}
	if made != nil {
		defer func() { err = errors.Join(err, made.remove(context.WithoutCancel(ctx), s)) }()
	}
	promise, err := s.apply(ctx, filepath.Join(example, "promise.yaml"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.remove(context.WithoutCancel(ctx), promise)) }()
	if _, err := s.follow(ctx, promise, func(o *unstructured.Unstructured) bool { return condition(o, "Available") == "True" }); err != nil {
		return err
	}
	request, err := s.apply(ctx, filepath.Join(example, "request.yaml"))
	if err != nil {
		return err
	}
	end := "Reconciled" // the files are in their State Store
	if made == nil {
		end = "ConfigureWorkflowCompleted"
	}
	done, err := s.follow(ctx, request, func(o *unstructured.Unstructured) bool { return condition(o, end) == "True" })
	if err != nil {
		return err
	}
	if err := s.status(done); err != nil {
		return err
	}
	if made == nil {
		return s.works(ctx, promise.GetName())
	}
	if _, err := s.follow(ctx, promise, func(o *unstructured.Unstructured) bool { return condition(o, "Reconciled") == "True" }); err != nil {
		return err
	}
	return made.show(ctx, s)
}
