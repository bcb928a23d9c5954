// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/tracing"
)

// TestTraced: a span says how a call ended, and nothing of the bundle.
func TestTraced(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		want   sdktrace.Status
	}{
		"stored":     {stored(nil), sdktrace.Status{}},
		"superseded": {of(ErrSuperseded), sdktrace.Status{}},
		"refused":    {refused(errors.New(`status.yaml:1: "hush"`)), sdktrace.Status{Code: codes.Error, Description: "422, refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			spans := tracetest.NewInMemoryExporter()
			h := &Handler{Options: Options{Tracer: tracing.New(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))}}
			begun := time.Now().Add(-time.Second)
			h.trace(call{run: Run{
				Key: record.Key{Namespace: "team", Run: "run-1"}, Labels: map[string]string{v1alpha1.LabelPromise: "redis"},
				Annotations: map[string]string{"kratix.io/trace-parent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
			}}, c.answer, begun)
			require.Len(t, spans.GetSpans(), 1)
			s := spans.GetSpans()[0]
			assert.Equal(t, "harvest", s.Name)
			assert.Equal(t, c.want, s.Status)
			assert.True(t, begun.Equal(s.StartTime))
			assert.Len(t, s.Attributes, 3, "the Promise, the run and how it ended")
		})
	}
}
