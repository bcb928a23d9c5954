// SPDX-License-Identifier: Apache-2.0

// Command throughput measures the whole controller, from requests that are applied to
// files that are in a State Store. It prints tables for docs/benchmarks.md.
//
// The API server, the State Store and kratix-runner are real. The engine may be, too, or
// one that ends every run at once; nobody else may then act on TaskRuns, and the cluster
// is one of E2E_ENGINES=idle. With -kratix it measures Kratix itself in the place of
// kratix-runner: first with its own Jobs, and then with kratix-jobs beside it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

func main() {
	cluster.Main()
	var o options
	flag.StringVar(&o.requests, "requests", "1,40,1000", "how many `requests` are applied at once, one round each")
	flag.IntVar(&o.pipelines, "pipelines", 1, "how many Pipelines the workflow has")
	flag.StringVar(&o.engine, "engine", "instant", "the `ENGINE`: instant, which ends every run at once, or tekton or argo, whose Pods are also run bare")
	flag.BoolVar(&o.kratix, "kratix", false, "measure Kratix with its Jobs, and with kratix-jobs on each engine; -engine does not count")
	flag.StringVar(&o.store, "store", "bucket", "the `KIND` of State Store: bucket or git")
	flag.StringVar(&o.log, "log", filepath.Join(os.TempDir(), "kratix-runner.log"), "`FILE` for the log of kratix-runner")
	flag.StringVar(&o.profile, "profile", "", "`FILE` for a CPU profile of kratix-runner during the last round")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "throughput:", err)
		os.Exit(1)
	}
}

type options struct {
	requests  string
	pipelines int
	engine    string
	kratix    bool
	store     string
	log       string
	profile   string
}

func run(o options) (err error) {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	rounds, err := numbers(o.requests)
	if err != nil {
		return err
	}
	switch {
	case o.kratix:
		o.engine = "kratix"
	case o.engine == "instant":
		if err := os.Setenv("E2E_ENGINES", "idle"); err != nil {
			return err
		}
	case o.engine != "tekton" && o.engine != "argo":
		return fmt.Errorf("-engine: %q is none of instant, tekton and argo", o.engine)
	}
	c, err := cluster.Use(ctx, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if c.S3 == nil || c.Git == nil {
		return errors.New("the cluster has no State Stores; unset KUBECONFIG to have one booted")
	}
	dir, err := os.MkdirTemp("", "throughput")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if o.kratix {
		return playBeside(ctx, c, o, dir, rounds)
	}
	installed, err := runner.Install(ctx, c, dir)
	if err != nil {
		return err
	}
	if err := installed.Unwatched(); err != nil {
		return err
	}
	return play(ctx, c, o, installed, rounds)
}

// play measures with a runner that lives as long. The floor comes first: then nobody looks.
func play(ctx context.Context, c *cluster.Cluster, o options, installed *runner.Installation, rounds []int) (err error) {
	var floor time.Duration
	engine := o.engine
	if o.engine == "instant" {
		engine = "tekton" // it plays that one
		n := rounds[len(rounds)-1]
		if floor, err = measureFloor(ctx, c, n); err != nil {
			return fmt.Errorf("measure the floor: %w", err)
		}
		fmt.Fprintf(os.Stderr, "throughput: the calls of %d requests, bare, took %.2f s\n", n, floor.Seconds())
	}
	meters, err := newMeters(c)
	if err != nil {
		return err
	}
	r, err := installed.Start(ctx, o.log, "--metrics-address="+meters.runner, "--pprof-address="+meters.pprof,
		"--engine="+engine, "--max-runs=0", "--max-runs-per-namespace=0")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Stop()) }()
	s, err := newStage(ctx, c, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.clear(context.WithoutCancel(ctx))) }()
	s.floor = floor
	return s.measure(ctx, meters, rounds)
}
