// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// page is a listener whose pages are only read. Those of controller-runtime have no bounds.
type page struct {
	name, address string
	handler       http.Handler
	connections   int
	answer        time.Duration
}

// Pages are the addresses of what is only read: metrics for Prometheus, /healthz and /readyz, and
// Go's profiles. Empty or 0 is for none.
type Pages struct{ Metrics, Health, Pprof string }

func (p Pages) all(ready healthz.Checker) []page {
	return []page{
		{"metrics", p.Metrics, metricsPage(), 32, 30 * time.Second},
		{"health", p.Health, healthPage(ready), 32, 10 * time.Second},
		{"pprof", p.Pprof, pprofPage(), 8, 5 * time.Minute},
	}
}

// Add adds to mgr a server for each page. The program is ready when the checker says so.
func (p Pages) Add(mgr manager.Manager, ready healthz.Checker) error {
	for _, page := range p.all(ready) {
		if page.address == "" || page.address == "0" {
			continue
		}
		server, err := page.server(mgr.GetLogger().WithName(page.name))
		if err != nil {
			return err
		}
		if err := mgr.Add(server); err != nil {
			return err
		}
	}
	return nil
}

func (p page) server(log logr.Logger) (*manager.Server, error) {
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		return nil, fmt.Errorf("--%s-address: %w", p.name, err)
	}
	return New(Options{
		Name: p.name, Listener: listener, Handler: WithoutBody(p.handler),
		Connections: p.connections, Answer: p.answer, Drain: time.Second, Log: log,
	}), nil
}

func metricsPage() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(metrics.Registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.HTTPErrorOnError, MaxRequestsInFlight: 4, // each takes a copy of all metrics
	}))
	return mux
}

// healthPage: /healthz says that the program runs, /readyz that it has a certificate.
func healthPage(ready healthz.Checker) http.Handler {
	mux := http.NewServeMux()
	for path, checks := range map[string]map[string]healthz.Checker{
		"/healthz": {"alive": healthz.Ping}, "/readyz": {"certificate": ready},
	} {
		checked := http.StripPrefix(path, &healthz.Handler{Checks: checks})
		mux.Handle(path, checked)
		mux.Handle(path+"/", checked) // one check alone
	}
	return mux
}

func pprofPage() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
