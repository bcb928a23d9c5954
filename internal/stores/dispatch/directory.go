// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
)

// Two Destinations cannot share a directory of a State Store, and two WorkPlacements cannot share
// one of a Destination. One of them holds it, and the other one has to wait.

// pathHolder is the Destination that holds the directory of d instead of d, or nil. It is asked
// again for every change: nothing is written or removed for a Destination without a directory.
func (d *dispatcher) pathHolder(ctx context.Context, of *v1alpha1.Destination) (*v1alpha1.Destination, error) {
	all := &v1alpha1.DestinationList{}
	if err := d.reader.List(ctx, all, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	return layout.Holder(of, all.Items), nil
}

// pathTaken is what a Destination without a directory is told.
func pathTaken(d, holder *v1alpha1.Destination) string {
	return fmt.Sprintf("spec.path %s of Destination %s overlaps spec.path %s of Destination %s, which was made first and has the same %s %s; "+
		"nothing is written or removed for %s: give one of them another path",
		d.Spec.Path, d.Name, holder.Spec.Path, holder.Name, d.Spec.StateStoreRef.Kind, d.Spec.StateStoreRef.Name, d.Name)
}

// directoryKey is the same for WorkPlacements that share a directory.
func directoryKey(p *v1alpha1.WorkPlacement) string {
	return p.Spec.TargetDestinationName + "/" + layout.Directory(p)
}

// directoryHolder is the WorkPlacement that holds the directory of p instead of p, or nil. It is the
// first of those that are not being deleted.
func (r *workPlacements) directoryHolder(ctx context.Context, p *v1alpha1.WorkPlacement) (*v1alpha1.WorkPlacement, error) {
	list := &v1alpha1.WorkPlacementList{}
	if err := r.List(ctx, list, client.MatchingFields{byDirectory: directoryKey(p)}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	first := p
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID != p.UID && other.DeletionTimestamp.IsZero() && (!first.DeletionTimestamp.IsZero() || before(other, first)) {
			first = other
		}
	}
	if first == p {
		return nil, nil
	}
	return first, nil
}

// before is whether a comes before b: one that has been written does, and then the older one.
func before(a, b *v1alpha1.WorkPlacement) bool {
	if written := a.Status.VersionID != ""; written != (b.Status.VersionID != "") {
		return written
	}
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(string(a.UID), string(b.UID))) < 0
}

// directoryTaken is what a WorkPlacement without a directory is told.
func directoryTaken(p, holder *v1alpha1.WorkPlacement) error {
	return fmt.Errorf("directory %s is also that of WorkPlacement %s/%s, which was first; "+
		"two requests of one name cannot share a pipelineNamespace and a Destination: give one of them another name", layout.Directory(p), holder.Namespace, holder.Name)
}
