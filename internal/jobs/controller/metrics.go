// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"github.com/prometheus/client_golang/prometheus"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/kratix-compile/kratix-compile/internal/jobs"
)

// meters are of the runs; controller-runtime has those of queues and reconciliations.
type meters struct {
	created *prometheus.CounterVec
	jobs    *prometheus.CounterVec
}

func newMeters() *meters {
	return &meters{
		created: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kratix_jobs_runs_created_total", Help: "Runs given to an engine.",
		}, []string{"engine"}),
		jobs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kratix_jobs_ended_total", Help: "Jobs that have ended, by how: Complete or Failed.",
		}, []string{"engine", "condition"}),
	}
}

// register adds gauges of the slots, which are read when the metrics are.
func (m *meters) register(to prometheus.Registerer, active func() (active, waiting int)) error {
	gauge := func(name, help string, value func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	for _, c := range []prometheus.Collector{
		m.created, m.jobs,
		gauge("kratix_jobs_active", "Jobs with a run that has not ended.", func() int { a, _ := active(); return a }),
		gauge("kratix_jobs_waiting", "Jobs that wait for a slot.", func() int { _, w := active(); return w }),
	} {
		if err := to.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// ended counts a Job whose end has just been written.
func (m *meters) ended(engine string, job *batchv1.Job) {
	if !jobs.Ended(job) {
		return
	}
	condition := batchv1.JobComplete
	if job.Status.CompletionTime == nil {
		condition = batchv1.JobFailed
	}
	m.jobs.WithLabelValues(engine, string(condition)).Inc()
}
