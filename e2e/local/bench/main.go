// SPDX-License-Identifier: Apache-2.0

// Command bench measures kratix-compile run beside a shell script of the command lines that it types,
// on a Podman of its own, and with -demo beside the demo on Tekton. It prints a table for
// docs/benchmarks.md, and is called in the folder of e2e.
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
	"slices"
	"syscall"
	"time"

	e2e "github.com/kratix-compile/kratix-compile/e2e/local"
)

func main() {
	rounds := flag.Int("rounds", 10, "how often each is measured, after one round that does not count")
	demo := flag.Bool("demo", false, "measure the demo on Tekton, too, in the cluster that E2E_ENGINES=tekton make e2e-up has booted")
	flag.Parse()
	if err := run(*rounds, *demo); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds int, demo bool) (err error) {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	if rounds < 1 {
		return errors.New("-rounds: at least 1")
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	engine, err := e2e.Podman(dir)
	if err != nil {
		return err
	}
	if err := e2e.MakeBusybox(ctx, engine); err != nil {
		return err
	}
	compiler := filepath.Join(dir, "kratix-compile")
	if err := build(ctx, "..", "./cmd/kratix-compile", compiler); err != nil {
		return err
	}
	typed := []string{compiler, "run", "-f", "../examples/website", "--container-engine", engine}
	lines, err := exec.CommandContext(ctx, compiler, append(typed[1:], "--dry-run")...).Output()
	if err != nil {
		return fmt.Errorf("kratix-compile run --dry-run: %w", err)
	}
	script := filepath.Join(dir, "lines.sh")
	if err := os.WriteFile(script, lines, 0o600); err != nil {
		return err
	}
	ways := []*way{{name: "a shell script of its lines", words: []string{"sh", "-e", script}}, {name: "`kratix-compile run`", words: typed}}
	if demo {
		program := filepath.Join(dir, "demo")
		if err := build(ctx, ".", "./cmd/demo", program); err != nil {
			return err
		}
		ways = append(ways, &way{name: "`make demo ENGINE=tekton`", words: []string{"env", "ENGINE=tekton", program}})
	}
	if err := measure(ctx, ways, rounds); err != nil {
		return err
	}
	fmt.Print("| examples/website | seconds | to the script |\n|---|---|---|\n")
	for _, w := range ways {
		fmt.Printf("| %s | %.1f (%.1f–%.1f) | %.2f |\n", w.name, median(w.seconds), slices.Min(w.seconds), slices.Max(w.seconds), w.ratio(ways[0]))
	}
	return nil
}

func build(ctx context.Context, module, program, to string) error {
	out, err := exec.CommandContext(ctx, "go", "build", "-C", module, "-o", to, program).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build %s: %w\n%s", program, err, out)
	}
	return nil
}

// way is how to run the example.
type way struct {
	name    string
	words   []string
	seconds []float64 // the n-th of every way is of the same round
}

// measure takes the ways in turn; who begins changes with the round.
func measure(ctx context.Context, ways []*way, rounds int) error {
	for i := range rounds + 1 {
		for j := range ways {
			w := ways[(i+j)%len(ways)]
			begin := time.Now()
			if out, err := exec.CommandContext(ctx, w.words[0], w.words[1:]...).CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w\n%s", w.name, err, out)
			}
			took := time.Since(begin).Seconds()
			fmt.Fprintf(os.Stderr, "bench: round %d of %d, %s: %.1f s\n", i, rounds, w.name, took)
			if i > 0 {
				w.seconds = append(w.seconds, took)
			}
		}
	}
	return nil
}

// ratio is the median of the ratios of each round, which had the machine in the same state.
func (w *way) ratio(to *way) float64 {
	var ratios []float64
	for i, seconds := range w.seconds {
		ratios = append(ratios, seconds/to.seconds[i])
	}
	return median(ratios)
}

// median is the upper one if there are two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
