// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// A life is a Kratix from its start to its end, and what it has served.
type life struct {
	engine string // of kratix-jobs beside it; empty for Kratix alone
	rounds []round
}

func (l life) String() string {
	if l.engine == "" {
		return "Jobs"
	}
	return "kratix-jobs on " + l.engine
}

// playBeside measures Kratix alone, and then with kratix-jobs on each engine.
func playBeside(ctx context.Context, c *cluster.Cluster, o options, dir string, sizes []int) (err error) {
	jobs, err := runner.InstallJobs(ctx, c, dir)
	if err != nil {
		return err
	}
	if err := jobs.Unwatched(); err != nil {
		return err
	}
	own := filepath.Join(dir, "kratix") // Kratix removes what is in it
	if err := os.Mkdir(own, 0o700); err != nil {
		return err
	}
	k, err := runner.StartKratix(ctx, c, own, o.log, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.Stop(), k.Remove(context.WithoutCancel(ctx), c)) }()
	lives := []life{{}, {engine: "tekton"}, {engine: "argo"}}
	for i := range lives {
		l := &lives[i]
		if i > 0 { // it forgets the Promise
			if err := errors.Join(k.Stop(), k.Restart(ctx)); err != nil {
				return err
			}
		}
		if l.rounds, err = playLife(ctx, c, o, jobs, l.engine, sizes); err != nil {
			return fmt.Errorf("%s: %w", l, err)
		}
	}
	return tellBeside(os.Stdout, o, lives)
}

// playLife begins with a request that does not count, as each measurement does.
func playLife(ctx context.Context, c *cluster.Cluster, o options, jobs *runner.Jobs, engine string, sizes []int) (rounds []round, err error) {
	if engine != "" {
		stop, err := takeJobs(ctx, o, jobs, engine)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, stop(context.WithoutCancel(ctx))) }()
	}
	s, err := newStage(ctx, c, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.clear(context.WithoutCancel(ctx))) }()
	done, err := s.reconciled(ctx)
	if err != nil {
		return nil, err
	}
	live := 0
	for i, n := range append([]int{1}, sizes...) {
		r, err := s.serveSlowly(ctx, done, fmt.Sprintf("r%d", i), n)
		if err != nil {
			return nil, err
		}
		if live += n; i > 0 {
			rounds = append(rounds, r)
		}
		fmt.Fprintf(os.Stderr, "throughput: %s: %d requests took %.2f s\n", life{engine: engine}, n, r.took.Seconds())
	}
	return rounds, s.verify(ctx, live)
}

// serveSlowly has the time that Kratix needs, which makes one Job after the other.
func (s *stage) serveSlowly(ctx context.Context, done <-chan seen, name string, n int) (round, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute+time.Duration(n)*5*time.Second)
	defer cancel()
	return s.serve(ctx, done, name, n)
}

// takeJobs runs kratix-jobs, until stop.
func takeJobs(ctx context.Context, o options, jobs *runner.Jobs, engine string) (stop func(context.Context) error, err error) {
	if err := jobs.Register(ctx); err != nil {
		return nil, err
	}
	process, err := jobs.Start(ctx, strings.TrimSuffix(o.log, ".log")+"-jobs.log", "--engine="+engine, "--max-runs=0", "--max-runs-per-namespace=0")
	if err != nil {
		return nil, errors.Join(err, jobs.Unregister(ctx))
	}
	stop = func(ctx context.Context) error { return errors.Join(jobs.Unregister(ctx), process.Stop()) }
	if err := jobs.Await(ctx, "default", "none", "kratix-compile.io/"+engine); err != nil {
		return nil, errors.Join(fmt.Errorf("kratix-jobs takes no Jobs: %w", err), stop(ctx))
	}
	return stop, nil
}

// tellBeside writes, in Markdown, each round of each life.
func tellBeside(to io.Writer, o options, lives []life) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Kratix, %d Pipeline(s), %s\n\n", o.pipelines, o.store)
	row(&b, "requests at once", "who runs the Pipelines", "seconds", "one request: median, 95th of 100, longest", "to the Jobs")
	line(&b, 5)
	for i := range lives[0].rounds {
		for _, l := range lives {
			r := l.rounds[i]
			row(&b, fmt.Sprint(r.requests), l.String(), fmt.Sprintf("%.2f", r.took.Seconds()),
				strings.Join([]string{short(r.part(50)), short(r.part(95)), short(r.part(100))}, ", "), times(r.took, lives[0].rounds[i].took))
		}
	}
	_, err := io.WriteString(to, b.String())
	return err
}
