// SPDX-License-Identifier: Apache-2.0

// Package work makes Works of what Pipelines have written
// (docs/kratix-contract.md 5.2): their names, labels, groups and contents, when to
// write one again and when to delete one.
//
// It is pure: what is in a cluster is an argument.
package work

import (
	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Source is what a Work says of the run that its files are from.
type Source struct {
	workflow.Owner
	Pipeline string
	DryRun   bool
	// Annotations are the object's; those of a trace go on to the Work.
	Annotations map[string]string
}

// Name has at most 63 characters, because it becomes a label value. Kratix ends it at
// random; here the end is a hash of the UID, so that creating a Work twice changes nothing.
// A dry run has a Work of its own, beside the one whose files are in use.
func (s Source) Name() string {
	of := []string{string(s.UID), s.Pipeline}
	if s.DryRun {
		of = append(of, v1alpha1.LabelDryRun)
	}
	return names.WithHash(s.Prefix()+"-"+s.Pipeline, names.Hash(5, of...), names.MaxLabel)
}

// Labels are those of the Work. Kratix and its tools find it by them.
func (s Source) Labels() map[string]string {
	labels := s.WorkLabels()
	labels[v1alpha1.LabelPipeline] = s.Pipeline
	if s.DryRun {
		labels[v1alpha1.LabelDryRun] = "true"
	}
	return labels
}
