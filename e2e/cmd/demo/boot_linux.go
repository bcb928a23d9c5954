// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// boot uses the cluster that is up on this machine, or boots one with the engine, and starts a runner
// beside it.
func (s *stage) boot(ctx context.Context, engine, dir string) (err error) {
	if os.Getenv("KUBECONFIG") != "" {
		fmt.Fprintln(os.Stderr, "demo: KUBECONFIG is set, and not used; to use its cluster, add CLUSTER=current")
		err = os.Unsetenv("KUBECONFIG")
	}
	if os.Getenv("E2E_ENGINES") == "" { // the other engine would be built for nothing
		err = errors.Join(err, os.Setenv("E2E_ENGINES", engine))
	}
	if err != nil {
		return err
	}
	if s.Cluster, err = cluster.Use(ctx, os.Stderr); err != nil {
		return err
	}
	s.ends = append(s.ends, s.Close)
	fmt.Fprintln(os.Stderr, "e2e: building and installing kratix-runner")
	installed, err := runner.Install(ctx, s.Cluster, dir)
	if err != nil {
		return err
	}
	log := filepath.Join(os.TempDir(), "kratix-runner.log")
	r, err := installed.Start(ctx, log, "--engine="+engine)
	if err != nil {
		return err
	}
	s.ends = append(s.ends, r.Stop)
	fmt.Fprintln(os.Stderr, "e2e: kratix-runner is running, its log is", log)
	return nil
}
