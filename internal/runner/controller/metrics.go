// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/tracing"
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

// begin is a trace for what follows from an object's new generation.
func (r *Runner) begin(o *object, promise *unstructured.Unstructured) *tracing.Beginning {
	about := tracing.About{Promise: promise.GetName()}
	name := "promise"
	if o.Unstructured != promise {
		name, about.Namespace, about.Resource = "request", o.GetNamespace(), o.GetName()
	}
	return r.Tracer.Begin(o, tracing.Span{Name: name, Start: time.Now(), About: about})
}

// about is a run of the workflow.
func (f *flow) about(pipeline, run string) tracing.About {
	about := tracing.Labelled(f.anywhere().RunLabels())
	about.Namespace, about.Workflow = f.object.GetNamespace(), f.kind.String()
	about.Engine, about.Pipeline, about.Run = f.engine.Name, pipeline, run
	return about
}

// traced tells of something that was done for a run.
func (f *flow) traced(name, pipeline, run string, begun time.Time, err error) {
	f.Tracer.Record(f.object.GetAnnotations(), tracing.Span{Name: name, Start: begun, About: f.about(pipeline, run), Err: err})
}

// tracedRun tells of a run that has ended, without what its containers have logged.
func (f *flow) tracedRun(before, after progress.Pipeline) {
	s := tracing.Span{Name: "run", Start: before.LastTransition, About: f.about(after.Name, before.Run)}
	s.About.Phase = string(after.Phase)
	if after.Phase == progress.PhaseFailed {
		message, _, _ := strings.Cut(after.Message, progress.LogMark)
		s.Err = errors.New(message)
	}
	f.Tracer.Record(f.object.GetAnnotations(), s)
}
