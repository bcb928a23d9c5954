// SPDX-License-Identifier: Apache-2.0

// Command cluster starts and stops a cluster for tests and demonstrations.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/deployed"
)

func main() {
	cluster.Main()
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	switch {
	case len(args) == 1 && args[0] == "up":
		kubeconfig, err := cluster.Up(ctx, os.Stderr)
		if err == nil {
			fmt.Println("export KUBECONFIG=" + kubeconfig)
		}
		return err
	case len(args) == 1 && args[0] == "down":
		return cluster.Down(os.Stderr)
	case len(args) == 1 && args[0] == "build":
		return cluster.Build(ctx, os.Stderr)
	case len(args) == 1 && args[0] == "build-all":
		return buildAll(ctx)
	case len(args) == 1 && args[0] == "check":
		return cluster.Possible()
	}
	return fmt.Errorf("say build, build-all, up, down or check; the cluster is in E2E_DIR, or in the user's cache")
}

// buildAll builds what a cluster is made of and whatever else tests call: what is built inside
// a test takes the time that the test has.
func buildAll(ctx context.Context) error {
	if err := errors.Join(cluster.Build(ctx, os.Stderr), cluster.BuildForTests(ctx, os.Stderr)); err != nil {
		return err
	}
	for _, tool := range deployed.Tools {
		fmt.Fprintln(os.Stderr, "e2e: building "+tool+", unless Go has it")
		if _, err := deployed.Tool(ctx, tool, "version"); err != nil {
			return err
		}
	}
	return nil
}
