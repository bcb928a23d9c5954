// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// meters are of the controllers; the harvest has its own, and controller-runtime those of
// queues and reconciliations.
type meters struct {
	submitted *prometheus.CounterVec
	ended     *prometheus.HistogramVec
}

func newMeters() *meters {
	return &meters{
		submitted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kratix_runner_runs_submitted_total",
			Help: "Runs given to an engine.",
		}, []string{"engine", "workflow"}),
		ended: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "kratix_runner_pipeline_seconds",
			Help:    "From the start of a Pipeline to its end, by how it ended: Succeeded, Failed or Suspended.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 12),
		}, []string{"engine", "workflow", "phase"}),
	}
}

// register adds gauges of the slots, which are read when the metrics are.
func (m *meters) register(to prometheus.Registerer, active func() (active, waiting int)) error {
	gauge := func(name, help string, value func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	for _, c := range []prometheus.Collector{
		m.submitted, m.ended,
		gauge("kratix_runner_runs_active", "Objects with a run that has not ended.", func() int { a, _ := active(); return a }),
		gauge("kratix_runner_runs_waiting", "Objects that wait for a slot.", func() int { _, w := active(); return w }),
	} {
		if err := to.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// count counts and traces what a decision has changed, after it was written.
func (f *flow) count(before, after progress.Status) {
	for i, p := range after.Pipelines {
		if i >= len(before.Pipelines) || before.Pipelines[i].Name != p.Name || before.Pipelines[i].Phase != progress.PhaseRunning {
			continue
		}
		switch p.Phase {
		case progress.PhaseSucceeded, progress.PhaseFailed, progress.PhaseSuspended:
			took := p.LastTransition.Sub(before.Pipelines[i].LastTransition)
			f.meters.ended.WithLabelValues(f.engine.Name, f.kind.String(), string(p.Phase)).Observe(took.Seconds())
			f.tracedRun(before.Pipelines[i], p)
		default:
		}
	}
}
