// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/tracing"
)

// begin is a trace for what follows from an object's new generation.
func (r *Runner) begin(o *object, promise *unstructured.Unstructured) *tracing.Beginning {
	about := tracing.About{Promise: promise.GetName()}
	name := "promise"
	if o.Unstructured != promise {
		name, about.Namespace, about.Resource = "request", o.GetNamespace(), o.GetName()
	}
	return r.Tracer.Begin(o, tracing.Span{Name: name, Start: time.Now(), About: about})
}

// about is a run of the workflow.
func (f *flow) about(pipeline, run string) tracing.About {
	about := tracing.Labelled(f.anywhere().RunLabels())
	about.Namespace, about.Workflow = f.object.GetNamespace(), f.kind.String()
	about.Engine, about.Pipeline, about.Run = f.engine.Name, pipeline, run
	return about
}

// traced tells of something that was done for a run.
func (f *flow) traced(name, pipeline, run string, begun time.Time, err error) {
	f.Tracer.Record(f.object.GetAnnotations(), tracing.Span{Name: name, Start: begun, About: f.about(pipeline, run), Err: err})
}

// tracedRun tells of a run that has ended, without what its containers have logged.
func (f *flow) tracedRun(before, after progress.Pipeline) {
	s := tracing.Span{Name: "run", Start: before.LastTransition, About: f.about(after.Name, before.Run)}
	s.About.Phase = string(after.Phase)
	if after.Phase == progress.PhaseFailed {
		message := state.WithoutLog(after.Message)
		s.Err = errors.New(message)
	}
	f.Tracer.Record(f.object.GetAnnotations(), s)
}
