// SPDX-License-Identifier: Apache-2.0

// Package engine is where Pipelines run: it compiles them for an engine, submits
// what kratix-compile prints, with a seal on the run and an owner on its input, and says what became of it.
package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/check"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Invalid is a Promise or a request that cannot be compiled.
type Invalid struct{ Findings diag.List }

// shown is how many findings fit into a condition's message.
const shown = 3

// Error has the first findings, with the path of the field instead of a position: the object in
// the API server has other lines than the file of its author.
func (e *Invalid) Error() string {
	found := e.Findings.Errors()
	var told []string
	for _, d := range found[:min(len(found), shown)] {
		told = append(told, d.String())
	}
	if left := len(found) - shown; left > 0 {
		told = append(told, fmt.Sprintf("and %d more", left))
	}
	return strings.Join(told, "; ")
}

// invalid are the errors among the findings.
func invalid(findings diag.List) error {
	if findings.HasErrors() {
		return &Invalid{Findings: findings.Sorted()}
	}
	return nil
}

// Check compiles all four workflows of a Promise with a sample of a request. So it finds all
// faults that do not depend on a real request.
func (e *Engine) Check(promise *translate.Promise, opts plan.Options) ([]translate.Output, diag.List, error) {
	outputs, findings := promise.Compile(translate.Options{Backends: []translate.Backend{e.backend}, Plan: opts})
	findings = slices.Concat(check.Config(opts.Config), findings).Sorted()
	return outputs, findings, invalid(findings)
}

// Compile makes the objects of a workflow with one Pipeline: what kratix-compile prints for it.
// The run is the last one; Submit creates the input after it, because the input belongs to it.
func (e *Engine) Compile(w plan.Workflow) ([]manifest.Object, error) {
	objects, findings := e.backend.Compile(w)
	return objects, invalid(findings)
}
