// SPDX-License-Identifier: Apache-2.0

// Package tracing makes spans that belong to the traces of Kratix's objects. The
// annotations of an object name its trace, and so do those of its runs, Works and
// WorkPlacements. So every replica can make a span, at any time.
package tracing

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Tracer makes spans. A nil Tracer makes none and costs nothing.
type Tracer struct {
	tracer trace.Tracer
	now    func() time.Time
}

// New makes spans with the provider.
func New(provider trace.TracerProvider) *Tracer {
	return &Tracer{tracer: provider.Tracer("github.com/kratix-compile/kratix-compile"), now: time.Now}
}

// Span is something that was done for an object.
type Span struct {
	Name string
	// Start is when it began; it ends when it is recorded.
	Start time.Time
	About About
	// Err is why it failed. Everybody who may see traces sees its text.
	Err error
}

// About is all that a span says of its object, so that no secret gets into it. Empty fields
// are left out.
type About struct {
	Promise, Namespace, Resource string
	Workflow, Pipeline           string
	Engine, Run, Phase           string
	Work, Destination            string
}

// Labelled is what the labels of a run, a harvest or a Work say.
func Labelled(labels map[string]string) About {
	owner := workflow.OwnerOf(labels, "") // a namespace that is not in the labels is left out
	a := About{
		Promise: owner.Promise, Resource: owner.Resource.Name, Namespace: owner.Resource.Namespace,
		Pipeline: labels[v1alpha1.LabelPipeline],
	}
	if kind := workflow.KindOf(labels); kind.Type != "" && kind.Action != "" {
		a.Workflow = kind.String()
	}
	return a
}

// attributes have the names that Kratix gives them, as far as it has them.
func (a About) attributes() []attribute.KeyValue {
	var all []attribute.KeyValue
	for _, kv := range []attribute.KeyValue{
		attribute.String("kratix.promise.name", a.Promise),
		attribute.String("kratix.resource_request.namespace", a.Namespace),
		attribute.String("kratix.resource_request.name", a.Resource),
		attribute.String("kratix.workflow", a.Workflow),
		attribute.String("kratix.pipeline.name", a.Pipeline),
		attribute.String("kratix.engine", a.Engine),
		attribute.String("kratix.run", a.Run),
		attribute.String("kratix.phase", a.Phase),
		attribute.String("kratix.work.name", a.Work),
		attribute.String("kratix.workplacement.target_destination", a.Destination),
	} {
		if kv.Value.AsString() != "" {
			all = append(all, kv)
		}
	}
	return all
}

// Record adds a span to the trace that the annotations name. Without a trace there is no
// span.
func (t *Tracer) Record(annotations map[string]string, s Span) {
	if t == nil {
		return
	}
	parent := extract(annotations)
	if !parent.IsValid() {
		return
	}
	t.end(t.start(trace.ContextWithRemoteSpanContext(context.Background(), parent), s), s.Err)
}

func (t *Tracer) start(ctx context.Context, s Span, opts ...trace.SpanStartOption) trace.Span {
	opts = append(opts, trace.WithTimestamp(s.Start), trace.WithAttributes(s.About.attributes()...))
	_, span := t.tracer.Start(ctx, s.Name, opts...)
	return span
}

func (t *Tracer) end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End(trace.WithTimestamp(t.now()))
}
