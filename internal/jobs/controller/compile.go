// SPDX-License-Identifier: Apache-2.0

package controller

import (
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/translate/job"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Compiler compiles for one engine; an error that is *engine.Invalid is about the plan.
type Compiler interface {
	Compile(w plan.Workflow) ([]manifest.Object, error)
}

// Compile makes what runs in the place of a Job: what kratix-compile prints for it. The run is the
// last object. An error is *engine.Invalid, unless the compiler itself is at fault.
func Compile(c Compiler, of *batchv1.Job) ([]manifest.Object, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(of)
	if err != nil {
		return nil, err
	}
	content["apiVersion"], content["kind"] = "batch/v1", "Job" // a typed client drops them
	doc, findings := parse.Object(content)
	if doc == nil {
		return nil, &engine.Invalid{Findings: findings}
	}
	w, more := job.Plan(doc)
	if findings.Append(more); findings.HasErrors() {
		return nil, &engine.Invalid{Findings: findings.Sorted()}
	}
	return c.Compile(w)
}
