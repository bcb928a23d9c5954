// SPDX-License-Identifier: Apache-2.0

package tracing_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/internal/tracing"
)

const (
	parent     = "kratix.io/trace-parent"
	state      = "kratix.io/trace-state"
	timestamp  = "kratix.io/trace-timestamp"
	generation = "kratix.io/trace-generation"

	callers = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
)

func inMemory() (*tracing.Tracer, *tracetest.InMemoryExporter) {
	spans := tracetest.NewInMemoryExporter()
	return tracing.New(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))), spans
}

func object(generation int64, annotations map[string]string) *metav1.ObjectMeta {
	return &metav1.ObjectMeta{Generation: generation, Annotations: annotations}
}

func ago(d time.Duration) string { return time.Now().Add(-d).Format(time.RFC3339Nano) }

// TestOneTrace: all spans of an object, its runs and its Works have one root.
func TestOneTrace(t *testing.T) {
	tracer, spans := inMemory()
	b := tracer.Begin(object(2, nil), tracing.Span{Name: "request", Start: time.Now(), About: tracing.About{Promise: "redis"}})
	annotations := b.Annotate(map[string]string{"mine": "stays"})
	assert.Equal(t, "stays", annotations["mine"])
	assert.Equal(t, "2", annotations[generation])
	assert.NotContains(t, annotations, state)
	assert.Empty(t, spans.GetSpans(), "the annotations are not written yet")
	b.Written()
	b.Written()
	begun := time.Now().Add(-time.Minute)
	tracer.Record(annotations, tracing.Span{Name: "run", Start: begun, About: tracing.About{Promise: "redis", Phase: "Failed"}, Err: errors.New("exit code 1")})

	all := spans.GetSpans()
	require.Len(t, all, 2)
	root, run := all[0], all[1]
	assert.False(t, root.Parent.IsValid())
	assert.Contains(t, annotations[parent], root.SpanContext.TraceID().String()+"-"+root.SpanContext.SpanID().String())
	assert.Equal(t, root.SpanContext.TraceID(), run.SpanContext.TraceID())
	assert.Equal(t, root.SpanContext.SpanID(), run.Parent.SpanID())
	assert.True(t, begun.Equal(run.StartTime))
	assert.GreaterOrEqual(t, run.EndTime.Sub(run.StartTime), time.Minute)
	assert.Equal(t, codes.Error, run.Status.Code)
	assert.Equal(t, "exit code 1", run.Status.Description)
	var attributes []string
	for _, kv := range run.Attributes {
		attributes = append(attributes, string(kv.Key)+"="+kv.Value.AsString())
	}
	assert.Equal(t, []string{"kratix.promise.name=redis", "kratix.phase=Failed"}, attributes)
}

// TestBegin: as with Kratix, a trace is valid for one generation, and for a day.
func TestBegin(t *testing.T) {
	for name, c := range map[string]struct {
		annotations map[string]string
		begins      bool
	}{
		"a new object":          {nil, true},
		"the same generation":   {map[string]string{parent: callers, generation: "3", timestamp: ago(time.Hour)}, false},
		"another generation":    {map[string]string{parent: callers, generation: "2", timestamp: ago(time.Hour)}, true},
		"yesterday's":           {map[string]string{parent: callers, generation: "3", timestamp: ago(25 * time.Hour)}, true},
		"no time":               {map[string]string{parent: callers, generation: "3", timestamp: "noon"}, true},
		"no trace":              {map[string]string{parent: "00-0-0-00", generation: "3", timestamp: ago(time.Hour)}, true},
		"no trace, but a state": {map[string]string{state: "vendor=a"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			tracer, spans := inMemory()
			b := tracer.Begin(object(3, c.annotations), tracing.Span{Name: "request", Start: time.Now()})
			after := b.Annotate(c.annotations)
			b.Written()
			if !c.begins {
				assert.Nil(t, b)
				assert.Equal(t, c.annotations, after)
				assert.Empty(t, spans.GetSpans())
				return
			}
			require.Len(t, spans.GetSpans(), 1)
			assert.NotEqual(t, callers, after[parent])
			assert.NotContains(t, after, state, "it is of the trace before")
			assert.Nil(t, tracer.Begin(object(3, after), tracing.Span{}), "begun once")
		})
	}
}

// TestCallersTrace: a client that applies an object may name the object's trace.
func TestCallersTrace(t *testing.T) {
	tracer, spans := inMemory()
	theirs := map[string]string{parent: callers, state: "vendor=a"}
	b := tracer.Begin(object(1, theirs), tracing.Span{Name: "request"})
	after := b.Annotate(theirs)
	b.Written()
	assert.Equal(t, callers, after[parent])
	assert.Equal(t, "vendor=a", after[state])
	assert.Equal(t, "1", after[generation])
	assert.Empty(t, spans.GetSpans())
	assert.Len(t, theirs, 2, "it is a copy")

	tracer.Record(after, tracing.Span{Name: "run", Start: time.Now()})
	require.Len(t, spans.GetSpans(), 1)
	assert.Equal(t, "00f067aa0ba902b7", spans.GetSpans()[0].Parent.SpanID().String())
	assert.Equal(t, "vendor=a", spans.GetSpans()[0].SpanContext.TraceState().String())
}

func TestNothingWithoutATrace(t *testing.T) {
	tracer, spans := inMemory()
	tracer.Record(nil, tracing.Span{Name: "run"})
	tracer.Record(map[string]string{parent: "nonsense"}, tracing.Span{Name: "run"})
	assert.Empty(t, spans.GetSpans())
}

// TestOff: a nil Tracer is no Tracer.
func TestOff(t *testing.T) {
	var tracer *tracing.Tracer
	theirs := map[string]string{parent: callers}
	b := tracer.Begin(object(1, theirs), tracing.Span{Name: "request"})
	assert.Equal(t, theirs, b.Annotate(theirs))
	assert.Nil(t, b.Annotate(nil))
	b.Written()
	assert.Zero(t, testing.AllocsPerRun(100, func() { tracer.Record(theirs, tracing.Span{Name: "run"}) }))
}

func TestLabelled(t *testing.T) {
	assert.Equal(t, tracing.About{Promise: "redis", Resource: "mine", Pipeline: "first", Workflow: "resource-configure"}, tracing.Labelled(map[string]string{
		"kratix.io/promise-name": "redis", "kratix.io/resource-name": "mine", "kratix.io/pipeline-name": "first",
		"kratix.io/workflow-type": "resource", "kratix.io/workflow-action": "configure",
	}))
}
