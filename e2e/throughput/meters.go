// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// meters read what the API server and the runner count.
type meters struct {
	*cluster.Cluster
	runner string // where its metrics are
	pprof  string // and its profiles
}

func newMeters(c *cluster.Cluster) (*meters, error) {
	m := &meters{Cluster: c}
	for _, address := range []*string{&m.runner, &m.pprof} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		*address = listener.Addr().String()
	}
	return m, nil
}

// profile writes down what the runner's processor does for the next ten seconds, and
// returns how to wait for that.
func (m *meters) profile(ctx context.Context, file string) func() error {
	ended := make(chan error, 1)
	go func() { ended <- m.save(ctx, "http://"+m.pprof+"/debug/pprof/profile?seconds=10", file) }()
	return func() error { return <-ended }
}

func (m *meters) save(ctx context.Context, url, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, answer.Body)
	return errors.Join(err, to.Close())
}

// call is a kind of request to the API server, such as "create configmaps".
type call struct{ verb, resource string }

// calls are counted.
type calls map[call]float64

// reading is what was counted at a moment.
type reading struct {
	calls calls
	// own are the runner's requests, as it counts them: not which, but whose.
	own       map[string]float64 // by method
	memory    float64            // in bytes
	processor time.Duration
}

func (m *meters) read(ctx context.Context) (reading, error) {
	r := reading{calls: calls{}, own: map[string]float64{}}
	text, err := m.Typed.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return r, err
	}
	server, err := parse(bytes.NewReader(text))
	if err != nil {
		return r, err
	}
	for _, metric := range server["apiserver_request_total"].GetMetric() {
		l := labels(metric)
		resource := l["resource"]
		if l["subresource"] != "" {
			resource += "/" + l["subresource"]
		}
		r.calls[call{l["verb"], resource}] += metric.GetCounter().GetValue()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.runner+"/metrics", nil)
	if err != nil {
		return r, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return r, err
	}
	defer func() { _ = answer.Body.Close() }()
	own, err := parse(answer.Body)
	if err != nil {
		return r, err
	}
	for _, metric := range own["rest_client_requests_total"].GetMetric() {
		r.own[labels(metric)["method"]] += metric.GetCounter().GetValue()
	}
	for _, metric := range own["process_resident_memory_bytes"].GetMetric() {
		r.memory = metric.GetGauge().GetValue()
	}
	for _, metric := range own["process_cpu_seconds_total"].GetMetric() {
		r.processor = time.Duration(metric.GetCounter().GetValue() * float64(time.Second))
	}
	return r, nil
}

func parse(from io.Reader) (map[string]*dto.MetricFamily, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(from)
}

func labels(m *dto.Metric) map[string]string {
	all := map[string]string{}
	for _, pair := range m.GetLabel() {
		all[pair.GetName()] = pair.GetValue()
	}
	return all
}

// settled waits until the runner asks nothing more for a second.
func (m *meters) settled(ctx context.Context) error {
	var last map[string]float64
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		r, err := m.read(ctx)
		if err != nil {
			return err
		}
		if maps.Equal(last, r.own) {
			return nil
		}
		last = r.own
		select {
		case <-ctx.Done():
			return fmt.Errorf("the runner does not settle: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// writes are the verbs that change something, but for reviews, which are no objects.
var writes = []string{"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"}

// since is what was counted between two readings.
func (r reading) since(before reading) counted {
	c := counted{calls: calls{}, own: map[string]float64{}}
	for what, n := range r.calls {
		if n -= before.calls[what]; n > 0 {
			c.calls[what] = n
		}
	}
	for method, n := range r.own {
		c.own[method] = n - before.own[method]
	}
	return c
}

// counted are requests to the API server in a round.
type counted struct {
	calls calls
	own   map[string]float64
}

// kinds are sorted by resource.
func (c counted) kinds() []call {
	return slices.SortedFunc(maps.Keys(c.calls), func(a, b call) int {
		return slices.Compare([]string{a.resource, a.verb}, []string{b.resource, b.verb})
	})
}
