// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/internal/progress"
	"github.com/kratix-compile/kratix-compile/internal/tracing"
)

// begin has what follows from an object's new generation told in a trace of its own.
func (r *Runner) begin(o *object, promise *unstructured.Unstructured) *tracing.Beginning {
	about := tracing.About{Promise: promise.GetName()}
	name := "promise"
	if o.Unstructured != promise {
		name, about.Namespace, about.Resource = "request", o.GetNamespace(), o.GetName()
	}
	return r.Tracer.Begin(o, tracing.Span{Name: name, Start: time.Now(), About: about})
}

// traced tells of something that was done for a run.
func (c *course) traced(name, pipeline, run string, begun time.Time, err error) {
	about := tracing.Labelled(c.labels())
	about.Namespace, about.Workflow = c.object.GetNamespace(), c.kind.String()
	about.Engine, about.Pipeline, about.Run = c.engine.Name, pipeline, run
	c.Tracer.Record(c.object.GetAnnotations(), tracing.Span{Name: name, Start: begun, About: about, Err: err})
}

// tracedRun tells of a run that has ended, without what its containers have logged.
func (c *course) tracedRun(before, after progress.Pipeline) {
	about := tracing.Labelled(c.labels())
	about.Namespace, about.Workflow = c.object.GetNamespace(), c.kind.String()
	about.Engine, about.Pipeline, about.Run, about.Phase = c.engine.Name, after.Name, before.Run, string(after.Phase)
	s := tracing.Span{Name: "run", Start: before.LastTransition, About: about}
	if after.Phase == progress.PhaseFailed {
		message, _, _ := strings.Cut(after.Message, logMark)
		s.Err = errors.New(message)
	}
	c.Tracer.Record(c.object.GetAnnotations(), s)
}
