// SPDX-License-Identifier: Apache-2.0

package tracing_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/kratix-compile/kratix-compile/internal/tracing"
)

func TestOffByDefault(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"no endpoint": {"OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ""},
		"disabled":    {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_SDK_DISABLED": "true"},
		"no traces":   {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_TRACES_EXPORTER": "none"},
	} {
		t.Run(name, func(t *testing.T) {
			for key, value := range env {
				t.Setenv(key, value)
			}
			tracer, stop, err := tracing.FromEnvironment(t.Context(), logr.Discard())
			require.NoError(t, err)
			assert.Nil(t, tracer)
			assert.NoError(t, stop(t.Context()))
		})
	}
}

func TestOtherProtocol(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317")
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	_, _, err := tracing.FromEnvironment(t.Context(), logr.Discard())
	assert.ErrorContains(t, err, `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"; traces are sent as http/protobuf only`)
}

// TestExport sends a span to a collector.
func TestExport(t *testing.T) {
	received := make(chan *collector.ExportTraceServiceRequest, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		request := &collector.ExportTraceServiceRequest{}
		if assert.NoError(t, err) && assert.NoError(t, proto.Unmarshal(body, request)) {
			assert.Equal(t, "/v1/traces", r.URL.Path)
			assert.Equal(t, "open", r.Header.Get("Sesame"))
			received <- request
		}
	}))
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "sesame=open")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=platform")
	tracer, stop, err := tracing.FromEnvironment(t.Context(), logr.Discard())
	require.NoError(t, err)
	tracer.Begin(object(1, nil), tracing.Span{Name: "request", Start: time.Now()}).Written()
	require.NoError(t, stop(context.WithoutCancel(t.Context())))

	spans := (<-received).GetResourceSpans()
	require.Len(t, spans, 1)
	require.Len(t, spans[0].GetScopeSpans(), 1)
	assert.Equal(t, "request", spans[0].GetScopeSpans()[0].GetSpans()[0].GetName())
	of := map[string]string{}
	for _, kv := range spans[0].GetResource().GetAttributes() {
		of[kv.GetKey()] = kv.GetValue().GetStringValue()
	}
	assert.Equal(t, "kratix-runner", of["service.name"])
	assert.Equal(t, "platform", of["service.namespace"])
}
