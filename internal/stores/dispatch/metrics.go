// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
)

// meters have the names that Kratix gives them. They have no label for the request, because each
// value of a label stays in the memory for ever.
type meters struct {
	writes, outcomes *prometheus.CounterVec
}

func newMeters() *meters {
	return &meters{
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kratix_workplacement_writes_total",
			Help: "Attempts to write the files of a WorkPlacement, by result: success or failure.",
		}, []string{"result", "promise", "destination", "pipeline"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kratix_workplacement_outcomes_total",
			Help: "Groups of Works that were placed, by result: scheduled, misplaced or unscheduled.",
		}, []string{"result", "promise", "destination"}),
	}
}

// register does nothing without a registerer.
func (m *meters) register(to prometheus.Registerer) error {
	if to == nil {
		return nil
	}
	return errors.Join(to.Register(m.writes), to.Register(m.outcomes))
}

// written counts an attempt to write the files of a WorkPlacement. It counts none that removes them,
// and none that is made again because the State Store was opened again.
func (m *meters) written(p *v1alpha1.WorkPlacement, err error) {
	if !p.DeletionTimestamp.IsZero() || errors.Is(err, context.Canceled) {
		return
	}
	result := "success"
	if err != nil {
		result = "failure"
	}
	m.writes.WithLabelValues(result, p.Spec.PromiseName, p.Spec.TargetDestinationName, p.Labels[v1alpha1.LabelPipeline]).Inc()
}

// placed counts the WorkPlacements that a plan makes and changes.
func (m *meters) placed(plan placing.Plan) {
	for _, all := range [][]*v1alpha1.WorkPlacement{plan.Create, plan.Update} {
		for _, p := range all {
			result := "scheduled"
			if p.Labels[placing.LabelMisplaced] == "true" {
				result = "misplaced"
			}
			m.outcomes.WithLabelValues(result, p.Spec.PromiseName, p.Spec.TargetDestinationName).Inc()
		}
	}
}

// unplaced counts the groups of a Work that have no Destination.
func (m *meters) unplaced(w *v1alpha1.Work, plan placing.Plan) {
	m.outcomes.WithLabelValues("unscheduled", w.Spec.PromiseName, "").Add(float64(len(plan.Unplaced)))
}
