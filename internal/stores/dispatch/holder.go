// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
)

// holder is the Destination that has the directory of another one, nil if that has it itself.
// It is asked anew for every change: who has none writes nothing and removes nothing.
func (s *stores) holder(ctx context.Context, d *v1alpha1.Destination) (*v1alpha1.Destination, error) {
	all := &v1alpha1.DestinationList{}
	if err := s.reader.List(ctx, all, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	return layout.Holder(d, all.Items), nil
}

// taken is what whoever has no directory is told.
func taken(d, holder *v1alpha1.Destination) string {
	return fmt.Sprintf("spec.path %s of Destination %s overlaps spec.path %s of Destination %s, which was made first and has the same %s %s; "+
		"nothing is written or removed for %s: give one of them another path",
		d.Spec.Path, d.Name, holder.Spec.Path, holder.Name, d.Spec.StateStoreRef.Kind, d.Spec.StateStoreRef.Name, d.Name)
}

// giveWay leaves what is in the directory to the Destination that has it.
func (r *workPlacements) giveWay(ctx context.Context, p *v1alpha1.WorkPlacement, d, holder *v1alpha1.Destination) error {
	if !p.DeletionTimestamp.IsZero() {
		return r.release(ctx, p)
	}
	return r.save(ctx, p, placing.Outcome{Err: errors.New(taken(d, holder))})
}

// rivalsOf are the Destinations to which it makes a difference that another one comes,
// changes or goes.
func (c *wiring) rivalsOf(ctx context.Context, d *v1alpha1.Destination) []reconcile.Request {
	all := &v1alpha1.DestinationList{}
	if err := c.GetCache().List(ctx, all, client.UnsafeDisableDeepCopy); err != nil {
		return nil // the cache is about to stop
	}
	var requests []reconcile.Request
	for _, rival := range layout.Rivals(d, all.Items) {
		requests = append(requests, requestFor(rival))
	}
	return requests
}
