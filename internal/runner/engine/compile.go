// SPDX-License-Identifier: Apache-2.0

// Package engine is where Pipelines run: it compiles them for an engine, submits exactly
// what kratix-compile prints, and says what became of it.
package engine

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Invalid is a Promise or a request that cannot be compiled.
type Invalid struct{ Findings diag.List }

// shown is how many findings fit into a condition's message.
const shown = 3

// Error has the first findings, with the path of the field instead of a position: what
// the API server stores has other lines than the file of its author.
func (e *Invalid) Error() string {
	var told []string
	left := 0
	for _, d := range e.Findings {
		switch {
		case d.Severity != diag.Error:
		case len(told) == shown:
			left++
		case d.Path == "":
			told = append(told, fmt.Sprintf("%s [%s]", d.Message, d.Code))
		default:
			told = append(told, fmt.Sprintf("%s: %s [%s]", d.Path, d.Message, d.Code))
		}
	}
	if left > 0 {
		told = append(told, fmt.Sprintf("and %d more", left))
	}
	return strings.Join(told, "; ")
}

// Subject is what a workflow runs for. Object is the Promise itself in its own workflows.
type Subject struct {
	Promise, Object *unstructured.Unstructured
	Kind            workflow.Kind
}

// Plan is the whole workflow, Pipeline by Pipeline. It has no Runs if the Promise has no
// such Pipelines. An error is *Invalid unless the compiler itself is at fault.
func Plan(s Subject, opts plan.Options) (plan.Workflow, error) {
	planned, err := compile(s, opts, planner{})
	if len(planned) == 0 {
		return plan.Workflow{Kind: s.Kind, Promise: s.Promise.GetName()}, err
	}
	return planned[0].Workflow, err
}

// Check finds fault with a Promise as far as that takes no request: all four workflows
// are compiled, with a sample of a request.
func Check(promise *unstructured.Unstructured, backend translate.Backend, opts plan.Options) (diag.List, error) {
	_, findings, err := sample(promise, backend, opts)
	return findings, err
}

func sample(promise *unstructured.Unstructured, backend translate.Backend, opts plan.Options) ([]translate.Output, diag.List, error) {
	file, err := document(promise)
	if err != nil {
		return nil, nil, err
	}
	outputs, findings := translate.Compile(translate.Input{Files: []parse.File{file}}, translate.Options{
		Backends: []translate.Backend{backend}, Plan: opts,
	})
	return outputs, findings, refused(findings)
}

func compile(s Subject, opts plan.Options, backend translate.Backend) ([]translate.Output, error) {
	promise := translate.Stored(s.Promise.Object)
	if err := refused(promise.Findings); err != nil {
		return nil, err
	}
	object, findings := plan.ForPromise(promise.PromiseDoc), diag.List(nil)
	if s.Kind.Type == workflow.Resource {
		if object, findings = promise.Request(s.Object.Object); findings.HasErrors() {
			return nil, refused(findings)
		}
	}
	w, found := promise.Plan(s.Kind, object, opts)
	if findings.Append(found); len(w.Runs) == 0 || findings.HasErrors() {
		return nil, refused(findings)
	}
	objects, found := backend.Compile(w)
	findings.Append(found)
	return []translate.Output{{Backend: backend.Name(), Workflow: w, Objects: objects}}, refused(findings)
}

func document(object *unstructured.Unstructured) (parse.File, error) {
	data, err := json.Marshal(object.Object)
	return parse.File{Name: object.GetKind() + "/" + object.GetName(), Data: data}, err
}

// refused are the errors among the findings. That there is nothing to run is none here:
// few Promises have all four workflows.
func refused(findings diag.List) error {
	for _, d := range findings {
		if d.Severity == diag.Error && d.Code != diag.NothingToDo && d.Code != diag.NoPipelines {
			return &Invalid{Findings: findings}
		}
	}
	return nil
}

// planner is a backend that stops at the plan.
type planner struct{}

func (planner) Name() string { return "plan" }

func (planner) Compile(plan.Workflow) ([]manifest.Object, diag.List) { return nil, nil }
