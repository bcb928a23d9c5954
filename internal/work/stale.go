// SPDX-License-Identifier: Apache-2.0

package work

import (
	"slices"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Find is the Work of a source among those of a cluster: the one with its name, or else one
// that Kratix made, whose name has another end. Nil if there is none.
func Find(works []v1alpha1.Work, s Source) *v1alpha1.Work {
	var found *v1alpha1.Work
	for i := range works {
		w := &works[i]
		if !s.Owns(w.Labels, w.Namespace) || !placed(s.Owner, w) || w.Labels[v1alpha1.LabelPipeline] != s.Pipeline || (w.Labels[v1alpha1.LabelDryRun] == "true") != s.DryRun {
			continue
		}
		if w.Name == s.Name() {
			return w
		}
		if found == nil || w.Name < found.Name {
			found = w
		}
	}
	return found
}

// Stale are the Works of an owner whose Pipeline is not among these any more, and those
// from a time when its Pipelines ran in another namespace. With no Pipelines, all Works of
// the owner are stale. Works of others, and those of the dependencies of a Promise, never
// are.
func Stale(works []v1alpha1.Work, o workflow.Owner, pipelines []string) []v1alpha1.Work {
	var stale []v1alpha1.Work
	for _, w := range works {
		if o.Owns(w.Labels, w.Namespace) && (!placed(o, &w) || !slices.Contains(pipelines, w.Labels[v1alpha1.LabelPipeline])) {
			stale = append(stale, w)
		}
	}
	return stale
}

// StaleDryRuns are the Works of an owner's dry runs, which are removed when the dry run is
// over.
func StaleDryRuns(works []v1alpha1.Work, o workflow.Owner) []v1alpha1.Work {
	var stale []v1alpha1.Work
	for _, w := range works {
		if o.Owns(w.Labels, w.Namespace) && w.Labels[v1alpha1.LabelDryRun] == "true" {
			stale = append(stale, w)
		}
	}
	return stale
}

// placed tells whether a Work is where and as those of the owner are now.
func placed(o workflow.Owner, w *v1alpha1.Work) bool {
	_, labelled := w.Labels[v1alpha1.LabelResourceNamespace]
	return w.Namespace == o.Namespace && labelled == (o.Shared && o.Type() == workflow.Resource)
}
