// SPDX-License-Identifier: Apache-2.0

package main

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

	"github.com/kratix-compile/kratix-compile/internal/serving"
)

// page is a listener whose pages are only read. Those of controller-runtime have no bounds.
type page struct {
	name, address string
	handler       http.Handler
	connections   int
	answer        time.Duration
}

// pages are the listeners that the flags ask for, apart from harvest and webhook.
func (s *settings) pages(ready healthz.Checker) []page {
	return []page{
		{"metrics", s.metricsAddress, metricsPage(), 32, 30 * time.Second},
		{"health", s.healthAddress, healthPage(ready), 32, 10 * time.Second},
		{"pprof", s.pprofAddress, pprofPage(), 8, 5 * time.Minute},
	}
}

func (s *settings) addPages(mgr manager.Manager, ready healthz.Checker) error {
	for _, p := range s.pages(ready) {
		if p.address == "" || p.address == "0" {
			continue
		}
		server, err := p.server(mgr.GetLogger().WithName(p.name))
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
	return serving.New(serving.Options{
		Name: p.name, Listener: listener, Handler: serving.WithoutBody(p.handler),
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
