// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/tracing"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// TestTracedFailure: the span of a run that failed says why, without what a container has
// logged.
func TestTracedFailure(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	e := &engine.Engine{Engine: backends.Engines()[1]}
	o := newObject(&unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{
		"name": "one", "namespace": "team",
		"annotations": map[string]any{"kratix.io/trace-parent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
	}}})
	promise := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "redis"}}}
	c := &flow{
		Runner: &Runner{Tracer: tracing.New(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))},
		object: o, promise: promise, engine: e, kind: workflow.Kind{Type: workflow.Resource, Action: workflow.Configure},
	}
	begun := time.Now().Add(-time.Minute)
	c.tracedRun(
		progress.Pipeline{Name: "only", Run: "run-1", Phase: progress.PhaseRunning, LastTransition: begun},
		progress.Pipeline{Name: "only", Phase: progress.PhaseFailed, Message: "container a: Error, exit code 1" + state.LogMark + "hush"},
	)
	require.Len(t, spans.GetSpans(), 1)
	s := spans.GetSpans()[0]
	assert.Equal(t, "run", s.Name)
	assert.Equal(t, "container a: Error, exit code 1", s.Status.Description)
	assert.True(t, begun.Equal(s.StartTime))
	told := map[string]string{}
	for _, kv := range s.Attributes {
		told[string(kv.Key)] = kv.Value.AsString()
	}
	assert.Equal(t, map[string]string{
		"kratix.promise.name": "redis", "kratix.resource_request.name": "one", "kratix.resource_request.namespace": "team",
		"kratix.workflow": "resource-configure", "kratix.pipeline.name": "only", "kratix.engine": "argo", "kratix.run": "run-1", "kratix.phase": "Failed",
	}, told)
}
