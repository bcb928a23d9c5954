// SPDX-License-Identifier: Apache-2.0

package placing

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// Selector returns the labels that a Destination needs to get the files of a group. None are needed
// if it is empty, and then a Destination with strictMatchLabels gets the files only if it has no labels
// itself. The files of a dry run go to the Destinations for dry runs, whatever the selectors ask for.
func Selector(w *v1alpha1.Work, group *v1alpha1.WorkloadGroup) map[string]string {
	if dryRun(w.Labels) {
		return map[string]string{v1alpha1.LabelDryRun: "true"}
	}
	return mergeSelectors(group.DestinationSelectors)
}

// byPriority are the sources of selectors. The last one is the strongest.
var byPriority = []string{v1alpha1.SourceResourceWorkflow, v1alpha1.SourcePromiseWorkflow, v1alpha1.SourcePromise}

// mergeSelectors returns the labels that all selectors of a group ask for together. A Pipeline can add
// labels to those of the Promise, but change none. Of two selectors of the same source the later
// one wins, and an unknown source is the weakest.
func mergeSelectors(selectors []v1alpha1.WorkloadGroupScheduling) map[string]string {
	merged := map[string]string{}
	for _, s := range selectors {
		if s.Source != v1alpha1.SourceResourceWorkflow && s.Source != v1alpha1.SourcePromiseWorkflow && s.Source != v1alpha1.SourcePromise {
			maps.Copy(merged, s.MatchLabels)
		}
	}
	for _, source := range byPriority {
		for _, s := range selectors {
			if s.Source == source {
				maps.Copy(merged, s.MatchLabels)
			}
		}
	}
	return merged
}

// matches tells whether a Destination may have the files of a group. One that is being deleted
// gets none; whether it is ready makes no difference.
func matches(w *v1alpha1.Work, group *v1alpha1.WorkloadGroup, d *v1alpha1.Destination) bool {
	if !d.DeletionTimestamp.IsZero() || dryRun(w.Labels) != dryRun(d.Labels) {
		return false
	}
	selector := Selector(w, group)
	if len(selector) == 0 {
		return !d.Spec.StrictMatchLabels || len(d.Labels) == 0
	}
	for key, value := range selector {
		if have, there := d.Labels[key]; !there || have != value {
			return false
		}
	}
	return true
}

// matching tells people how a Destination must be labelled.
func matching(w *v1alpha1.Work, group *v1alpha1.WorkloadGroup) string {
	selector := Selector(w, group)
	if len(selector) == 0 {
		return "without strictMatchLabels"
	}
	return "labelled " + metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: selector})
}

func dryRun(labels map[string]string) bool { return labels[v1alpha1.LabelDryRun] == "true" }

// Concerns tells whether a Destination, as it is now, can make a difference to a Work that has no
// WorkPlacement there. To a Work that has one, every change of the Destination can.
func Concerns(w *v1alpha1.Work, d *v1alpha1.Destination) bool {
	placed := ofRequest(w) && w.Status.WorkPlacementsCreated >= len(w.Spec.WorkloadGroups)
	if placed {
		return false // a request's files have a place already, and are never moved
	}
	for i := range w.Spec.WorkloadGroups {
		if matches(w, &w.Spec.WorkloadGroups[i], d) {
			return true
		}
	}
	return false
}

func ofRequest(w *v1alpha1.Work) bool { return w.Spec.ResourceName != "" }
