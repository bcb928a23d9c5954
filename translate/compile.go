// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"
	"strconv"

	"github.com/kratix-compile/kratix-compile/translate/check"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Backend turns a plan into the objects of one engine.
type Backend interface {
	Name() string
	// Compile returns no objects if it reports an error, and no object twice.
	Compile(plan.Workflow) ([]manifest.Object, diag.List)
}

// Options say what to compile.
type Options struct {
	// Kinds are the workflows to compile; empty means all that there are.
	Kinds    []workflow.Kind
	Backends []Backend
	Plan     plan.Options
}

// Output is one workflow of one object for one backend.
type Output struct {
	Backend  string
	Workflow plan.Workflow
	Objects  []manifest.Object
}

// Compile runs all stages one after the other and keeps everything. The command kratix-compile
// has the same loop with less in memory. Outputs come in the order of the Sources, their
// workflows and the backends, and there are none at all if any finding is an error.
func Compile(in Input, opts Options) ([]Output, diag.List) {
	loaded := Load(in)
	var outputs []Output
	diags := slices.Concat(loaded.Findings, check.Config(opts.Plan.Config))
	for _, s := range loaded.Sources {
		more, found := compile(s, opts)
		outputs = append(outputs, more...)
		diags.Append(found)
	}
	if len(outputs) == 0 {
		diags.Append(loaded.Nothing(opts.Kinds, opts.Plan.Pipeline, diags))
	}
	if diags.HasErrors() {
		outputs = nil
	}
	return outputs, diags.Sorted()
}

// Compile compiles one Promise. The findings begin with those of the Promise.
func (p *Promise) Compile(opts Options) ([]Output, diag.List) { return compile(p, opts) }

// compile plans the workflows of one Source, and lets every backend compile the same plans.
func compile(s Source, opts Options) ([]Output, diag.List) {
	var outputs []Output
	workflows, diags := s.Workflows(opts.Kinds, opts.Plan)
	for _, w := range workflows {
		for _, backend := range opts.Backends {
			objects, found := backend.Compile(w)
			diags.Append(found)
			outputs = append(outputs, Output{Backend: backend.Name(), Workflow: w, Objects: objects})
		}
	}
	return outputs, diags
}

// Nothing says why there is no output, unless a finding says so already.
func (l *Loaded) Nothing(kinds []workflow.Kind, pipeline string, known diag.List) (diags diag.List) {
	suspended := func(d diag.Diagnostic) bool { return d.Code == diag.JobSuspended }
	if known.HasErrors() || slices.ContainsFunc(known, suspended) {
		return nil
	}
	code, message := diag.NothingToDo, ""
	switch {
	case len(l.Sources) == 0:
		message = "no Promise found in the input" + l.instead() + "; name a file or directory that holds one, or - for stdin"
	case pipeline != "":
		message = "no Pipeline is named " + strconv.Quote(pipeline) + " in the workflows asked for"
	case len(kinds) > 0:
		message = "no Promise has Pipelines in the workflow asked for"
	default:
		code, message = diag.NoPipelines, "no Promise has Pipelines; there is nothing to run"
	}
	diags.AddPos(code, diag.Pos{}, "%s", message)
	return diags
}
