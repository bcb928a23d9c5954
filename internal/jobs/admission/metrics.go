// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// meters count the answers; controller-runtime counts the questions and their time.
type meters struct{ answers *prometheus.CounterVec }

func newMeters() *meters {
	return &meters{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "kratix_jobs_answers_total",
		Help: "Jobs that were given to an engine, or left to Kubernetes (engine none) and why.",
	}, []string{"engine", "why"})}
}

// count leaves dry runs out: no Job comes of them.
func (m *meters) count(req admission.Request, engine string, why reason) {
	if req.DryRun == nil || !*req.DryRun {
		m.answers.WithLabelValues(engine, string(why)).Inc()
	}
}
