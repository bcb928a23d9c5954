// SPDX-License-Identifier: Apache-2.0

// Package work makes Works of what Pipelines have written
// (docs/kratix-contract.md 5.2): their names, labels, groups and contents, when to
// write one again and when to delete one.
//
// It is pure: what is in a cluster is an argument.
package work

import (
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Owner is the Promise or the request that Pipelines run for.
type Owner struct {
	// UID is the object's.
	UID     types.UID
	Promise string
	// Resource is the request; the zero value is the Promise itself.
	Resource types.NamespacedName
	// Namespace is where the Pipelines run, and so where the Works are.
	Namespace string
	// Shared is set when Namespace is the Promise's pipelineNamespace, where
	// requests of all namespaces meet.
	Shared bool
}

// Source is one run of a Pipeline, as far as its Work shows it.
type Source struct {
	Owner
	Pipeline string
	DryRun   bool
	// Annotations are the object's; those of a trace go on to the Work.
	Annotations map[string]string
}

// Name has at most 63 characters, because it becomes a label value. Where Kratix
// draws the end by lot, it is of the UID: creating a Work twice changes nothing. A dry run
// has a Work of its own, beside the one whose files are in use.
func (s Source) Name() string {
	parts := []string{s.Promise}
	if s.ofResource() {
		parts = append(parts, s.Resource.Name)
		if s.Shared {
			parts = append(parts, s.Resource.Namespace)
		}
	}
	parts = append(parts, s.Pipeline)
	of := []string{string(s.UID), s.Pipeline}
	if s.DryRun {
		of = append(of, v1alpha1.LabelDryRun)
	}
	return names.WithHash(strings.Join(parts, "-"), names.Hash(5, of...), names.MaxLabel)
}

// Labels are those of the Work. Kratix and its tools find it by them.
func (s Source) Labels() map[string]string {
	labels := s.Owner.Labels()
	labels[v1alpha1.LabelPipeline] = s.Pipeline
	if s.DryRun {
		labels[v1alpha1.LabelDryRun] = "true"
	}
	return labels
}

// Labels are those that all Works of an owner have.
func (o Owner) Labels() map[string]string {
	labels := map[string]string{v1alpha1.LabelPromise: o.Promise, v1alpha1.LabelWorkType: string(o.workflow())}
	if o.ofResource() {
		labels[v1alpha1.LabelResource] = o.Resource.Name
		if o.Shared {
			labels[v1alpha1.LabelResourceNamespace] = o.Resource.Namespace
		}
	}
	return labels
}

func (o Owner) ofResource() bool { return o.Resource.Name != "" }

func (o Owner) workflow() workflow.Type {
	if o.ofResource() {
		return workflow.Resource
	}
	return workflow.Promise
}

// trace are the annotations that join a Work to what caused it.
func (s Source) trace() map[string]string {
	trace := map[string]string{}
	for key, value := range s.Annotations {
		if strings.HasPrefix(key, v1alpha1.AnnotationTrace) {
			trace[key] = value
		}
	}
	return trace
}
