// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"time"

	"github.com/kratix-compile/kratix-compile/e2e/debian"
	setup "github.com/kratix-compile/kratix-compile/e2e/local"
	"github.com/kratix-compile/kratix-compile/internal/local"
)

// obtain is an engine that runs containers of the example's image: the one that kratix-compile run
// would take; a Podman of Debian's, where it may be installed; or one with settings that work on
// more machines, in a folder of its own.
func obtain(ctx context.Context, s *stage, dir string) (string, error) {
	found, err := local.Find(ctx, "")
	if err == nil {
		if err = ready(ctx, s, found.Typed); err == nil {
			return found.Typed, nil
		}
	}
	if !debian.Installs() || ctx.Err() != nil {
		return "", err
	}
	fresh := !debian.Has(local.Podman)
	if fresh {
		s.say("No container engine is here: podman is installed with apt-get.")
	}
	podman, failed := setup.Podman(dir)
	if failed != nil {
		return "", errors.Join(err, failed)
	}
	if fresh && ready(ctx, s, local.Podman) == nil {
		return local.Podman, nil
	}
	s.say("Containers do not run here with the defaults of this machine: Podman gets settings of its own, in %s.", dir)
	if failed := ready(ctx, s, podman); failed != nil {
		return "", errors.Join(err, failed)
	}
	return podman, nil
}

// ready sees to the image, and that a container of it runs.
func ready(ctx context.Context, s *stage, engine string) error {
	made := false
	if quietly(ctx, engine, "image", "inspect", setup.Busybox) != nil {
		var err error
		if made, err = fetch(ctx, s, engine); err != nil {
			return err
		}
	}
	err := quietly(ctx, engine, "run", "--rm", setup.Busybox, "true")
	if err != nil && made {
		_ = quietly(ctx, engine, "image", "rm", "--force", setup.Busybox) // nobody needs it there
	}
	return err
}

// pullTime is how long a registry may take for two megabytes.
const pullTime = 30 * time.Second

// fetch pulls the image, or makes it where no registry can be reached.
func fetch(ctx context.Context, s *stage, engine string) (made bool, err error) {
	bounded, cancel := context.WithTimeout(ctx, pullTime)
	defer cancel()
	s.say("$ %s pull %s", engine, setup.Busybox)
	pulled := quietly(bounded, engine, "pull", "--quiet", setup.Busybox)
	if pulled == nil {
		return false, nil
	}
	if !debian.Has("busybox") && !debian.Installs() {
		return false, pulled
	}
	s.say("It cannot be pulled, so it is made of Debian's busybox-static.")
	return true, setup.MakeBusybox(ctx, engine)
}
