// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/job"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Job is a Job that Kratix has made of a Pipeline.
type Job struct{ doc *parse.Document }

// Pos is where the Job is written.
func (j Job) Pos() diag.Pos { return j.doc.Root().Pos() }

// Workflows are the one that the Job is of, if it is among these kinds and of the Pipeline that
// is asked for. The Job has all other choices of an installation in it.
func (j Job) Workflows(kinds []workflow.Kind, opts plan.Options) ([]plan.Workflow, diag.List) {
	w, diags := job.Plan(j.doc)
	wanted := len(kinds) == 0 || slices.Contains(kinds, w.Kind)
	if len(w.Runs) == 0 || !wanted || opts.Pipeline != "" && w.Runs[0].Pipeline != opts.Pipeline {
		return nil, diags
	}
	return []plan.Workflow{w}, diags
}
