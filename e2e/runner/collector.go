// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	service "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector receives traces, as an OpenTelemetry collector does.
type Collector struct {
	server *httptest.Server

	mu    sync.Mutex
	spans []*tracev1.Span
}

// NewCollector listens on the loopback device until Close.
func NewCollector() *Collector {
	c := &Collector{}
	c.server = httptest.NewServer(http.HandlerFunc(c.receive))
	return c
}

// Close stops it.
func (c *Collector) Close() { c.server.Close() }

// Environment is what makes a runner export to it, without delay.
func (c *Collector) Environment() []string {
	return []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.server.URL, "OTEL_BSP_SCHEDULE_DELAY=100"}
}

// Trace has the spans of a trace, the first one first.
func (c *Collector) Trace(id []byte) []*tracev1.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(c.spans), func(s *tracev1.Span) bool { return !slices.Equal(s.GetTraceId(), id) })
	slices.SortStableFunc(all, func(a, b *tracev1.Span) int {
		return int(int64(a.GetStartTimeUnixNano()) - int64(b.GetStartTimeUnixNano()))
	})
	return all
}

func (c *Collector) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	request := &service.ExportTraceServiceRequest{}
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, request) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
}
