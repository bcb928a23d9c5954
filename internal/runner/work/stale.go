// SPDX-License-Identifier: Apache-2.0

package work

import (
	"slices"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// Find is the Work of a source among those of a cluster: the one of its name, or
// else one that Kratix made, whose name ends otherwise. Nil if there is none.
func Find(works []v1alpha1.Work, s Source) *v1alpha1.Work {
	var found *v1alpha1.Work
	for i := range works {
		w := &works[i]
		if !s.has(w) || !s.placed(w) || w.Labels[v1alpha1.LabelPipeline] != s.Pipeline || (w.Labels[v1alpha1.LabelDryRun] == "true") != s.DryRun {
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

// Stale are the Works of an owner that are of none of its configure Pipelines any
// more, also when there are none left, and those of a time when its Pipelines
// ran in another namespace. Works of others, and those of the dependencies of a
// Promise, are never stale.
func Stale(works []v1alpha1.Work, o Owner, pipelines []string) []v1alpha1.Work {
	var stale []v1alpha1.Work
	for _, w := range works {
		if o.has(&w) && (!o.placed(&w) || !slices.Contains(pipelines, w.Labels[v1alpha1.LabelPipeline])) {
			stale = append(stale, w)
		}
	}
	return stale
}

// StaleDryRuns are the Works of an owner's dry runs, which are of no use when it is in none.
func StaleDryRuns(works []v1alpha1.Work, o Owner) []v1alpha1.Work {
	var stale []v1alpha1.Work
	for _, w := range works {
		if o.has(&w) && w.Labels[v1alpha1.LabelDryRun] == "true" {
			stale = append(stale, w)
		}
	}
	return stale
}

// has tells whether a Work is of this owner, wherever it is. A Work without the
// label for it is in the namespace of its request.
func (o Owner) has(w *v1alpha1.Work) bool {
	if w.Labels[v1alpha1.LabelPromise] != o.Promise || w.Labels[v1alpha1.LabelWorkType] != string(o.workflow()) {
		return false
	}
	if !o.ofResource() {
		return true
	}
	namespace, labelled := w.Labels[v1alpha1.LabelResourceNamespace]
	if !labelled {
		namespace = w.Namespace
	}
	return w.Labels[v1alpha1.LabelResource] == o.Resource.Name && namespace == o.Resource.Namespace
}

// placed tells whether a Work is where and as those of the owner are now.
func (o Owner) placed(w *v1alpha1.Work) bool {
	_, labelled := w.Labels[v1alpha1.LabelResourceNamespace]
	return w.Namespace == o.Namespace && labelled == (o.ofResource() && o.Shared)
}
