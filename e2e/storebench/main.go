// SPDX-License-Identifier: Apache-2.0

// Command storebench measures State Stores: how long it takes until everything that waits
// is in a Git repository or a bucket, beside writing it one by one. It prints a table for
// docs/benchmarks.md.
//
// The servers are real, git's own behind HTTPS and versitygw, and on this machine; the way
// to them is the runner's: WorkPlacements, their layout, a queue, a store.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	var o options
	placements := flag.String("placements", "1000,10000", "how many `placements` wait, one measurement each")
	stores := flag.String("stores", "git,bucket", "the `KINDS` of State Stores: git, bucket")
	flag.IntVar(&o.there, "there", 2000, "how many `files` are there already")
	flag.IntVar(&o.sample, "sample", 50, "how many `placements` are written one by one, for comparison")
	flag.DurationVar(&o.delay, "delay", 0, "how much longer every `request` takes, as over a network")
	flag.StringVar(&o.profile, "profile", "", "`FILE` for a CPU profile of the grouped writes")
	flag.Parse()
	o.stores = strings.Split(*stores, ",")
	if err := run(*placements, o); err != nil {
		fmt.Fprintln(os.Stderr, "storebench:", err)
		os.Exit(1)
	}
}

type options struct {
	stores  []string
	there   int
	sample  int
	delay   time.Duration
	profile string
}

func run(placements string, o options) (err error) {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	dir, err := os.MkdirTemp("", "storebench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	open := map[string]func(context.Context, string, time.Duration) (yard, error){"git": newRepository, "bucket": newBucket}
	var rows []row
	for _, kind := range o.stores {
		if open[kind] == nil {
			return fmt.Errorf("-stores: no kind %q; git and bucket are known", kind)
		}
		y, err := open[kind](ctx, dir, o.delay)
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		defer y.close()
		for number := range strings.SplitSeq(placements, ",") {
			n, err := strconv.Atoi(number)
			if err != nil || n < 1 {
				return fmt.Errorf("-placements %q: must be numbers with commas between them", placements)
			}
			r, err := measure(ctx, y, n, o)
			if err != nil {
				return fmt.Errorf("%s, %d placements: %w", kind, n, err)
			}
			r.store = kind
			rows = append(rows, r)
		}
	}
	return table(os.Stdout, o, rows)
}
