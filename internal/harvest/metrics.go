// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of one Handler.
type metrics struct {
	results  *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytes    prometheus.Histogram
	inFlight prometheus.Gauge
}

func newMetrics() *metrics {
	return &metrics{
		results: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kratix_runner_harvests_total", Help: "Answered deliveries of bundles, by result.",
		}, []string{"result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "kratix_runner_harvest_duration_seconds", Help: "Time from the request of a delivery to its answer, by result.",
			Buckets: prometheus.ExponentialBuckets(0.01, 3, 9),
		}, []string{"result"}),
		bytes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "kratix_runner_harvest_bundle_bytes", Help: "Size of stored bundles.",
			Buckets: prometheus.ExponentialBuckets(1<<10, 8, 7),
		}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kratix_runner_harvests_in_flight", Help: "Deliveries that are being received or stored.",
		}),
	}
}

func (m *metrics) register(with prometheus.Registerer) error {
	var errs []error
	for _, c := range []prometheus.Collector{m.results, m.seconds, m.bytes, m.inFlight} {
		errs = append(errs, with.Register(c))
	}
	return errors.Join(errs...)
}
