// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

// activeRuns are those that the runner has made and that have not ended, as the caches have them. With
// an error they are not all.
func (r *Runner) activeRuns(ctx context.Context) (active []run, err error) {
	for _, e := range r.Engines {
		all, err := e.AllRuns(ctx)
		if err != nil && !errors.Is(err, engine.ErrMissing) {
			return active, err
		}
		for i := range all {
			one := run{&all[i], e}
			if _, sealed := r.Seal.Owner(one.Unstructured); sealed && !one.ended() {
				active = append(active, one)
			}
		}
	}
	return active, nil
}

// seed takes slots for the runs that are active when this process becomes the leader.
func (r *Runner) seed(ctx context.Context) error {
	return r.Slots.Seed(func() (claims []slots.Claim, err error) {
		active, err := r.activeRuns(ctx)
		for _, one := range active {
			of := ownerKey(one, one.GetAnnotations()[v1alpha1.AnnotationObjectNamespace])
			claims = append(claims, of.claim(one.GetNamespace()))
		}
		return claims, err
	})
}

// keeper prepares namespaces for their runs again while these are active. A run delivers at its end.
// By then the runner may have another CA, or somebody has removed the one that was there.
type keeper struct{ *Runner }

const keepEvery = time.Minute

// Start looks once a minute.
func (k *keeper) Start(ctx context.Context) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := k.keep(ctx); err != nil {
			log.FromContext(ctx).Error(err, "Some namespaces with active runs may lack the runner's CA; they are looked at again in a minute")
		}
	}
}

func (k *keeper) keep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, keepEvery)
	defer cancel()
	active, err := k.activeRuns(ctx)
	if err != nil {
		return err
	}
	var failed error
	kept := map[string]bool{}
	for _, one := range active {
		in := one.GetNamespace()
		if kept[in] {
			continue
		}
		kept[in] = true
		if err := k.EnsureNamespace(ctx, in); !terminating(err) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}
