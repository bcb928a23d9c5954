// SPDX-License-Identifier: Apache-2.0

// Command latency measures how long a Pipeline takes as a Job of the shape that Kratix makes, as such
// a Job that kratix-jobs takes over, as a TaskRun and as a Workflow. It prints a table for
// docs/benchmarks.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

func main() {
	cluster.Main()
	var o options
	flag.IntVar(&o.runs, "runs", 10, "runs of each, after one that warms up and does not count")
	flag.StringVar(&o.containers, "containers", "1,3,8", "how many `containers` the Pipeline has")
	flag.DurationVar(&o.work, "work", 0, "how long each of them works")
	flag.StringVar(&o.instances, "argo-instances", "", "`IDs` of more Argo controllers to measure beside the one without an ID")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "latency:", err)
		os.Exit(1)
	}
}

type options struct {
	runs       int
	containers string
	work       time.Duration
	instances  string
}

func run(o options) (err error) {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	sizes, err := numbers(o.containers)
	if err != nil {
		return err
	}
	if o.runs < 1 {
		return errors.New("-runs: at least 1")
	}
	dir, err := os.MkdirTemp("", "latency")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	compiler := filepath.Join(dir, "kratix-compile")
	if out, err := exec.CommandContext(ctx, "go", "build", "-C", "..", "-o", compiler, "./cmd/kratix-compile").CombinedOutput(); err != nil {
		return fmt.Errorf("build the compiler: %w\n%s", err, out)
	}
	shared, err := cluster.Use(ctx, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shared.Close()) }()
	image, err := pushImage(ctx, dir)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, shared.Client)
	if err != nil {
		return err
	}
	defer b.close(ctx)
	taken, err := take(ctx, shared, dir, b.namespace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, taken.stop(context.WithoutCancel(ctx))) }()
	ways := []way{asJob}
	for _, reported := range []bool{false, true} {
		ways = append(ways, asTaken("tekton", asTaskRun.label, reported), asTaken("argo", asWorkflow("").label, reported))
	}
	ways = append(ways, asTaskRun, asWorkflow(""))
	for id := range strings.FieldsFuncSeq(o.instances, func(r rune) bool { return r == ',' }) {
		ways = append(ways, asWorkflow(id))
	}
	table := newTable(sizes, ways)
	if err := b.fill(ctx, table, ways, sizes, o.runs, maker{compiler: compiler, image: image, namespace: b.namespace, work: o.work}); err != nil {
		return err
	}
	return table.print(os.Stdout)
}

// fill measures everything in turn, so that whatever else the machine does is in every row. Who
// begins changes with the run.
func (b *bench) fill(ctx context.Context, t table, ways []way, sizes []int, runs int, m maker) error {
	for i := range runs + 1 {
		for _, size := range sizes {
			for j := range ways {
				w := ways[(i+j)%len(ways)]
				objects, err := w.make(ctx, m, fmt.Sprintf("n%d-r%d", size, i), size)
				if err != nil {
					return err
				}
				times, err := b.measure(ctx, w, objects)
				if err != nil {
					return fmt.Errorf("%s with %d containers: %w", w.name, size, err)
				}
				fmt.Fprintf(os.Stderr, "latency: run %d of %d, %d containers, %s: %s\n", i, runs, size, w.name, times)
				if i > 0 {
					r := t.row(size, w.name)
					r.runs = append(r.runs, times)
				}
			}
		}
	}
	return nil
}

// pushImage is the one image of all containers, with all the names that programs have in it.
func pushImage(ctx context.Context, dir string) (string, error) {
	program, err := cluster.Program(ctx, dir, "latency/stamp")
	if err != nil {
		return "", err
	}
	return cluster.Push(ctx, cluster.Image{
		Name:   "stamp",
		Files:  map[string]string{"/bin/stamp": program},
		Links:  map[string]string{"/bin/pipeline-adapter": "stamp", "/kratix-harvest": "bin/stamp"},
		Config: v1.Config{Env: []string{"PATH=/bin"}, User: "65532:65532"},
	})
}

func numbers(list string) ([]int, error) {
	var found []int
	for text := range strings.SplitSeq(list, ",") {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 {
			return nil, fmt.Errorf("-containers: %q is not a number of containers", text)
		}
		found = append(found, number)
	}
	return found, nil
}
