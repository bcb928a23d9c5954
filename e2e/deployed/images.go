// SPDX-License-Identifier: Apache-2.0

// Package deployed installs kratix-runner into the cluster as its users do, from what is in
// deploy/, and leads to it where the cluster of these tests lacks something.
package deployed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// Images are where nodes find both.
type Images struct{ Runner, Harvest string }

// BuildImages makes both in dir, with SBOMs, for this machine's architecture.
func BuildImages(ctx context.Context, dir, version string) error {
	if err := cluster.Ensure("mmdebstrap", "mmdebstrap"); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, filepath.Join(root(), "deploy", "images", "build.sh"), dir)
	build.Env = append(os.Environ(), "PLATFORMS=linux/"+runtime.GOARCH, "VERSION="+version)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build images: %w\n%s", err, out)
	}
	return nil
}

// PushImages puts what BuildImages made where nodes find it.
func PushImages(ctx context.Context, dir string) (Images, error) {
	runner, err := cluster.PushLayout(ctx, filepath.Join(dir, "kratix-runner"), "kratix-runner")
	harvest, err2 := cluster.PushLayout(ctx, filepath.Join(dir, "kratix-harvest"), "kratix-harvest")
	return Images{runner, harvest}, errors.Join(err, err2)
}
