// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"maps"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// Kratix's annotations (docs/kratix-contract.md).
const (
	annotationParent     = v1alpha1.AnnotationTrace + "parent"
	annotationState      = v1alpha1.AnnotationTrace + "state"
	annotationTime       = v1alpha1.AnnotationTrace + "timestamp"
	annotationGeneration = v1alpha1.AnnotationTrace + "generation"
)

// maxAge is how long an object stays in one trace, as with Kratix.
const maxAge = 24 * time.Hour

// Beginning is a new trace of an object, until its annotations are written. nil is no new
// trace.
type Beginning struct {
	tracer      *Tracer
	span        trace.Span // nil in a trace that somebody else has begun
	annotations map[string]string
}

// Begin is called when a generation of an object is seen for the first time. It is nil if
// the annotations name a trace that is still valid. A trace without a generation comes from
// a caller: the object joins it.
func (t *Tracer) Begin(o metav1.Object, s Span) *Beginning {
	if t == nil {
		return nil
	}
	generation := strconv.FormatInt(o.GetGeneration(), 10)
	b := &Beginning{tracer: t, annotations: map[string]string{
		annotationGeneration: generation, annotationTime: t.now().UTC().Format(time.RFC3339Nano),
	}}
	if has := o.GetAnnotations(); t.holds(has, generation) {
		if has[annotationGeneration] != "" && has[annotationTime] != "" {
			return nil
		}
		return b
	}
	b.span = t.start(context.Background(), s, trace.WithNewRoot())
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), b.span.SpanContext()), carrier)
	b.annotations[annotationParent], b.annotations[annotationState] = carrier["traceparent"], carrier["tracestate"]
	return b
}

func (t *Tracer) holds(annotations map[string]string, generation string) bool {
	if !extract(annotations).IsValid() {
		return false
	}
	if text := annotations[annotationTime]; text != "" {
		begun, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || t.now().Sub(begun) > maxAge {
			return false
		}
	}
	of := annotations[annotationGeneration]
	return of == "" || of == generation
}

// Annotate returns the annotations with those of the trace, which are to be written before
// anything is made of the object.
func (b *Beginning) Annotate(annotations map[string]string) map[string]string {
	if b == nil {
		return annotations
	}
	out := maps.Clone(annotations)
	if out == nil {
		out = map[string]string{}
	}
	for key, value := range b.annotations {
		if out[key] = value; value == "" {
			delete(out, key)
		}
	}
	return out
}

// Written ends the first span when the annotations have been written. Without them no other
// span would belong to it, and it is not sent.
func (b *Beginning) Written() {
	if b != nil && b.span != nil {
		b.tracer.end(b.span, nil)
		b.span = nil
	}
}

func extract(annotations map[string]string) trace.SpanContext {
	carrier := propagation.MapCarrier{"traceparent": annotations[annotationParent], "tracestate": annotations[annotationState]}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}
