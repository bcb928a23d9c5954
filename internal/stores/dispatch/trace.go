// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/tracing"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
)

// trace tells of a Work that went to other Destinations, or to the same with other files.
func (r *works) trace(w *v1alpha1.Work, plan placing.Plan, begun time.Time, err error) {
	if len(plan.Create)+len(plan.Update)+len(plan.Delete) == 0 {
		return
	}
	about := tracing.Labelled(w.Labels)
	about.Work = w.Name
	r.tracer.Record(w.Annotations, tracing.Span{Name: "place", Start: begun, About: about, Err: err})
}

// trace tells of files that were written, and not of those that were there already.
func (r *workPlacements) trace(fl *flight[*v1alpha1.WorkPlacement]) {
	if o := fl.outcome; errors.Is(o.Err, context.Canceled) || o.Err == nil && !o.Changed {
		return
	}
	p := fl.object
	about := tracing.About{
		Promise: p.Spec.PromiseName, Resource: p.Spec.ResourceName,
		Work: p.Labels[v1alpha1.LabelWork], Destination: p.Spec.TargetDestinationName,
	}
	r.tracer.Record(p.Annotations, tracing.Span{Name: "store", Start: fl.begun, About: about, Err: fl.outcome.Err})
}
