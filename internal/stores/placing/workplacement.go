// SPDX-License-Identifier: Apache-2.0

package placing

import (
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Finalizer is on every WorkPlacement until its files are removed.
const Finalizer = "finalizers.workplacement.kratix.io/repo-cleanup"

// Labels of WorkPlacements, beside those of v1alpha1.
const (
	LabelGroup       = "kratix.io/workload-group-id"
	LabelDestination = "kratix.io/targetDestinationName"
	// LabelMisplaced is "true" while the Destination does not match.
	LabelMisplaced = "kratix.io/misplaced"
)

// maxName is the longest name of an object.
const maxName = 253

// ShortID is what names and paths have of the ID of a group.
func ShortID(group string) string { return group[:min(len(group), 5)] }

// name is the one that Kratix gives, or one with a hash if that is too long.
func name(w *v1alpha1.Work, group, destination string) string {
	full := w.Name + "." + destination + "-" + ShortID(group)
	if len(full) <= maxName {
		return full
	}
	return names.WithHash(full, names.Hash(10, full), maxName)
}

// build is the WorkPlacement of a group as it should be.
func build(w *v1alpha1.Work, group *v1alpha1.WorkloadGroup, destination string) *v1alpha1.WorkPlacement {
	p := &v1alpha1.WorkPlacement{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.KindWorkPlacement},
		ObjectMeta: metav1.ObjectMeta{
			Name: name(w, group.ID, destination), Namespace: w.Namespace,
			Finalizers:      []string{Finalizer},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(w, v1alpha1.GroupVersion.WithKind(v1alpha1.KindWork))},
			Annotations:     workflow.Trace(w.Annotations),
		},
		Spec: v1alpha1.WorkPlacementSpec{
			TargetDestinationName: destination, ID: group.ID,
			PromiseName: w.Spec.PromiseName, ResourceName: w.Spec.ResourceName,
			Workloads: group.Workloads, Bundle: w.Spec.Bundle, WorkGeneration: w.Generation,
		},
	}
	p.Labels = map[string]string{v1alpha1.LabelWork: w.Name, LabelGroup: group.ID, LabelDestination: label(destination)}
	if pipeline := w.Labels[v1alpha1.LabelPipeline]; pipeline != "" {
		p.Labels[v1alpha1.LabelPipeline] = pipeline
	}
	return p
}

// label is a name as a label value, which may be cut. The spec has the name in full.
func label(name string) string {
	if len(name) <= names.MaxLabel {
		return name
	}
	return names.WithHash(name, names.Hash(10, name), names.MaxLabel)
}

// update is p as it is wanted, with what others have added to it, or nil if it is already so. The
// controller that writes the files looks after the finalizers.
func update(p, wanted *v1alpha1.WorkPlacement) *v1alpha1.WorkPlacement {
	u := p.DeepCopy()
	u.Spec = wanted.Spec
	u.Labels = add(u.Labels, wanted.Labels)
	if wanted.Labels[LabelMisplaced] == "" {
		delete(u.Labels, LabelMisplaced)
	}
	u.Annotations = add(u.Annotations, wanted.Annotations)
	if equality.Semantic.DeepEqual(p.Spec, u.Spec) && maps.Equal(p.Labels, u.Labels) && maps.Equal(p.Annotations, u.Annotations) {
		return nil
	}
	return u
}

func add(into, from map[string]string) map[string]string {
	if into == nil && len(from) > 0 {
		into = map[string]string{}
	}
	maps.Copy(into, from)
	return into
}
