// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
)

// sweeper removes what crashes and deleted Works leave in the runner's namespace.
type sweeper struct{ *Runner }

// Start sweeps once an hour.
func (s *sweeper) Start(ctx context.Context) error {
	tick := time.NewTicker(record.MinSweepAge)
	defer tick.Stop()
	for {
		if err := s.sweep(ctx); err != nil {
			log.FromContext(ctx).Error(err, "Old harvests could not be removed; they will be next time")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (s *sweeper) sweep(ctx context.Context) error {
	_, err := s.Records.Sweep(ctx, record.MinSweepAge)
	return errors.Join(err, s.dropUnreferenced(ctx), s.dropUnwanted(ctx))
}

// dropUnwanted deletes the harvests that nothing waits for and that no reconciliation drops: their
// objects were gone before the harvest was stored, or cannot be planned any more. One whose files are
// needed by a Work is kept.
func (s *sweeper) dropUnwanted(ctx context.Context) error {
	waiting, failed := s.Records.Waiting(ctx)
	var unwanted []record.Record
	for _, r := range waiting {
		if s.Now().Sub(r.Stored) < record.MinSweepAge {
			continue
		}
		wanted, err := wants(ctx, s.Live, harvest.Run{Key: r.Key, UID: r.RunUID, Labels: r.Labels}, known)
		if err == nil && !wanted {
			unwanted = append(unwanted, r)
		}
		failed = errors.Join(failed, err)
	}
	return errors.Join(failed, s.dropOrKeep(ctx, unwanted))
}

// dropOrKeep asks for the Works at the end: that of results that are not wanted any more is there by then.
func (s *sweeper) dropOrKeep(ctx context.Context, unwanted []record.Record) (failed error) {
	var named map[string]bool
	if slices.ContainsFunc(unwanted, func(r record.Record) bool { return r.Size > alwaysHeld }) {
		if named, failed = s.named(ctx); failed != nil {
			return failed
		}
	}
	for _, r := range unwanted {
		if named[r.Name()] {
			failed = errors.Join(failed, s.Records.Keep(ctx, r))
		} else {
			failed = errors.Join(failed, s.Records.Delete(ctx, r))
		}
	}
	return failed
}

// known is for a record: the harvest server has looked at its run.
func known(harvest.Run, *unstructured.Unstructured, *unstructured.Unstructured) bool { return true }

// dropUnreferenced deletes the bundles that were kept for a Work and that no Work or WorkPlacement
// names any more. It asks the API server: a cache may not show a Work that was written before its
// bundle was kept. A bundle stays for an hour, because a State Store may still be reading it.
func (s *sweeper) dropUnreferenced(ctx context.Context) error {
	kept, failed := s.Records.Kept(ctx)
	if len(kept) == 0 {
		return failed
	}
	named, err := s.named(ctx)
	if err != nil {
		return errors.Join(failed, err)
	}
	for _, r := range kept {
		if !named[r.Name()] && s.Now().Sub(r.Stored) > record.MinSweepAge {
			failed = errors.Join(failed, s.Records.Delete(ctx, r))
		}
	}
	return failed
}

// named are the bundles that a Work or a WorkPlacement refers to.
func (s *sweeper) named(ctx context.Context) (map[string]bool, error) {
	works, placements := &v1alpha1.WorkList{}, &v1alpha1.WorkPlacementList{}
	if err := errors.Join(s.Live.List(ctx, works), s.Live.List(ctx, placements)); err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, w := range works.Items {
		if w.Spec.Bundle != nil {
			named[w.Spec.Bundle.Name] = true
		}
	}
	for _, p := range placements.Items {
		if p.Spec.Bundle != nil {
			named[p.Spec.Bundle.Name] = true
		}
	}
	return named, nil
}
