// SPDX-License-Identifier: Apache-2.0

// Command demo shows a Promise and a request for it run on an engine, from kubectl apply
// to the files that come of it. The engine is in a cluster that it boots, or in the person's own.
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
)

func main() {
	cluster.Main()
	if err := run(os.Getenv("ENGINE"), os.Getenv("CLUSTER")); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(engine, of string) (err error) {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	if engine == "" {
		engine = "tekton"
	}
	dir, err := os.MkdirTemp("", "demo")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := &stage{told: map[string]string{}}
	switch of {
	case "":
		err = s.boot(ctx, engine, dir)
	case "current":
		err = s.current(ctx, engine, dir)
	default:
		return fmt.Errorf("CLUSTER=%s is unknown; use CLUSTER=current for the cluster of your kubeconfig, or leave it out to boot one", of)
	}
	defer func() { err = errors.Join(err, s.leave()) }()
	if err != nil {
		return err
	}
	s.begin = time.Now()
	return show(ctx, s, "../examples/website")
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
