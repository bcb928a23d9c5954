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
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// directoryKey is the same for WorkPlacements that share a directory.
func directoryKey(p *v1alpha1.WorkPlacement) string {
	return p.Spec.TargetDestinationName + "/" + layout.Directory(p)
}

// nested is the directory of a WorkPlacement, with its files or without. Whoever has it
// keeps it as long as he stays; who shares one when he goes leaves it to those who stay.
func (r *workPlacements) nested(ctx context.Context, p *v1alpha1.WorkPlacement, d *v1alpha1.Destination) (draft statestore.Draft, leave bool, err error) {
	holder, err := r.holder(ctx, p)
	switch {
	case err != nil:
		return statestore.Draft{}, false, err
	case holder == nil:
		return r.own(ctx, p, d), false, nil
	case !p.DeletionTimestamp.IsZero():
		return statestore.Draft{}, true, nil
	}
	return refused(p, fmt.Errorf("directory %s is also that of WorkPlacement %s/%s, which was first; "+
		"two requests of one name cannot share a pipelineNamespace and a Destination: give one of them another name", layout.Directory(p), holder.Namespace, holder.Name)), false, nil
}

// holder is who has the directory of a WorkPlacement instead: of those that stay, who was
// written first.
func (r *workPlacements) holder(ctx context.Context, p *v1alpha1.WorkPlacement) (*v1alpha1.WorkPlacement, error) {
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

func before(a, b *v1alpha1.WorkPlacement) bool {
	if written := a.Status.VersionID != ""; written != (b.Status.VersionID != "") {
		return written
	}
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(string(a.UID), string(b.UID))) < 0
}
