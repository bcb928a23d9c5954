// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// A flow is one workflow of one object, on its engine: what stays the same while the object is
// reconciled. What changes is gathered anew for each decision (advance.go).
type flow struct {
	*Runner
	object  *object
	promise *unstructured.Unstructured
	kind    workflow.Kind
	engine  *engine.Engine
	// planned is the workflow as it would start now; fault is why there is none.
	planned plan.Workflow
	fault   error
	// blocked is why nothing may start, but for slots; empty if it may.
	blocked progress.Why
}

// flow never fails: what was made for an object can be removed although its workflow cannot be
// planned any more.
func (r *Runner) flow(ctx context.Context, o *object, promise *unstructured.Unstructured, kind workflow.Kind) *flow {
	f := &flow{Runner: r, object: o, promise: promise, kind: kind}
	if f.engine, f.fault = r.EngineFor(ctx, promise, o.GetNamespace()); f.fault != nil {
		f.engine = r.Engines[0]
		return f
	}
	f.planned, f.fault = r.planner.Plan(f.subject(), r.Options())
	return f
}

// compile plans the Pipeline again: its input has the status of now.
func (f *flow) compile(e *engine.Engine, opts plan.Options) (plan.Run, []manifest.Object, error) {
	planned, err := f.planner.Plan(f.subject(), opts)
	if err != nil {
		return plan.Run{}, nil, err
	}
	objects, err := e.Compile(planned)
	return planned.Runs[0], objects, err
}

func (f *flow) subject() engine.Subject {
	return engine.Subject{Promise: f.promise, Object: f.object.Unstructured, Kind: f.kind}
}

func (f *flow) options(pipeline string, round int) plan.Options {
	opts := f.Options()
	opts.Pipeline, opts.Attempt = pipeline, round
	return opts
}

// runName is empty if the plan of a moment ago is not in order any more: without a name nothing
// starts.
func (f *flow) runName(pipeline string, round int) string {
	return f.planner.RunName(f.subject(), f.options(pipeline, round))
}

// anywhere is the owner of the object's runs, harvests and Works, in whatever namespace they are.
func (f *flow) anywhere() workflow.Owner {
	o := workflow.Owner{UID: f.object.GetUID(), Promise: f.promise.GetName()}
	if f.kind.Type == workflow.Resource {
		o.Resource = client.ObjectKeyFromObject(f.object)
	}
	return o
}

// owner is the same, in the namespace where they are made now.
func (f *flow) owner() workflow.Owner {
	return f.anywhere().In(workflow.PipelineNamespace(f.promise), f.Options().SystemNamespace)
}

// slot is what the object claims while it has a run.
func (f *flow) slot() slots.Claim {
	o := f.owner()
	return queueKey{Promise: o.Promise, ObjectKey: o.Resource}.claim(o.Namespace)
}

// interval after which a workflow is repeated: the Promise's own, or the installation's.
func (f *flow) interval() time.Duration {
	for _, text := range []string{
		f.promise.GetAnnotations()[v1alpha1.AnnotationInterval],
		nestedString(f.promise, "spec", "workflows", "config", "reconciliationInterval"),
	} {
		if d, err := time.ParseDuration(text); err == nil && d >= time.Minute {
			return d
		}
	}
	if own := f.Options().Config.ReconciliationInterval; own != nil {
		return own.Duration
	}
	return defaultInterval
}

// defaultInterval is Kratix's (docs/kratix-contract.md 6.4).
const defaultInterval = 10 * time.Hour

func nestedString(u *unstructured.Unstructured, fields ...string) string {
	text, _, _ := unstructured.NestedString(u.Object, fields...)
	return text
}

func paused(u *unstructured.Unstructured) bool {
	return u.GetLabels()[progress.LabelPaused] == "true"
}
