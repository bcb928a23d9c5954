// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/work"
)

// errBehind is a cache that does not know yet that a WorkPlacement is being deleted.
var errBehind = errors.New("the cache is behind")

// aggregated drafts the one file of a Destination. The file is made once for all WorkPlacements
// that leave in a batch, of those that the cache knows then. A WorkPlacement that never had a part
// in the file, and cannot have one, fails alone.
func (r *workPlacements) aggregated(ctx context.Context, p *v1alpha1.WorkPlacement, d *v1alpha1.Destination) (Draft, error) {
	if why := unfit(p); why != nil {
		return refused(p, why), nil
	}
	if !p.DeletionTimestamp.IsZero() {
		known := &v1alpha1.WorkPlacement{}
		if err := r.Get(ctx, client.ObjectKeyFromObject(p), known); ignoreGone(err) != nil {
			return Draft{}, err
		} else if err == nil && known.DeletionTimestamp.IsZero() {
			return Draft{}, errBehind // the file would still have its part
		}
	}
	return Draft{ID: layout.AggregatedID(d), Make: func(ctx context.Context) (statestore.Change, error) {
		return r.aggregate(ctx, d)
	}}, nil
}

// refused is a draft that fails when its batch leaves, like a change that a State Store refuses.
func refused(p *v1alpha1.WorkPlacement, why error) Draft {
	id := client.ObjectKeyFromObject(p).String()
	return Draft{ID: id, Make: func(context.Context) (statestore.Change, error) {
		return statestore.Change{}, fmt.Errorf("%s: %w", id, why)
	}}
}

func (r *workPlacements) aggregate(ctx context.Context, d *v1alpha1.Destination) (statestore.Change, error) {
	all, err := placementsOf(ctx, r.Client, d.Name)
	if err != nil {
		return statestore.Change{}, err
	}
	var parts []layout.Part
	var releases []func()
	for i := range all {
		if p := &all[i]; p.DeletionTimestamp.IsZero() && unfit(p) == nil {
			files, release := r.contents.of(ctx, p)
			parts, releases = append(parts, layout.Part{WorkPlacement: p, Files: files}), append(releases, release)
		}
	}
	change := layout.Aggregated(d, parts)
	change.Release = func() {
		for _, release := range releases {
			release()
		}
	}
	return change, nil
}

// unfit says why a WorkPlacement has no part in the one file of its Destination and cannot have
// had one: its content is damaged and has always been. A WorkPlacement that may have had a part
// is not left out, or an agent would delete what was in it.
func unfit(p *v1alpha1.WorkPlacement) error {
	if p.Generation > 1 || p.Spec.Bundle != nil || p.Status.VersionID != "" {
		return nil
	}
	for _, w := range p.Spec.Workloads {
		f := statestore.File{Path: w.Filepath, Open: func() (io.Reader, error) { return work.Open(w) }}
		if err := statestore.CopyFile(f, io.Discard); err != nil {
			return err
		}
	}
	return nil
}
