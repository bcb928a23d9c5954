// SPDX-License-Identifier: Apache-2.0

package work

import (
	"fmt"
	"io"
	"iter"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/metadata"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// File is a file, or a directory without files, of the output.
type File struct {
	// Path is relative to /kratix/output, clean, with slashes.
	Path string
	// Size is in bytes.
	Size int64
	Dir  bool
	// Content may be read until the next file is asked for.
	Content io.Reader
}

// Output is what a Pipeline has written.
type Output struct {
	// Files are in any order, each once.
	Files     iter.Seq2[File, error]
	Selectors []metadata.Selector
	// Bundle is where the files are kept, for a Work that cannot hold them.
	Bundle v1alpha1.Bundle
}

// Unfit is an error in the files themselves: they can never become a Work. Any other error
// of Build is about reading them.
type Unfit struct{ text string }

func (u *Unfit) Error() string { return u.text }

func unfit(format string, args ...any) error { return &Unfit{fmt.Sprintf(format, args...)} }

// Finalizer keeps a Work until its WorkPlacements and their files are gone. The Work is
// created with it, which saves a write when the Work is placed.
const Finalizer = "kratix.io/work-cleanup"

// Build makes the Work of an output. One of more than MaxBytes refers to the bundle
// instead of holding the contents; at most MaxBytes are in memory either way. It
// fails if a selector's directory is not in the output, or if even the paths of
// the files have more than MaxBytes.
func Build(s Source, out Output, promise []v1alpha1.PromiseScheduling, now time.Time) (*v1alpha1.Work, error) {
	groups := newGroups(out.Selectors)
	var p packer
	for file, err := range out.Files {
		if err != nil {
			return nil, err
		}
		if err := groups.add(file, &p); err != nil {
			return nil, fmt.Errorf("%s: %w", file.Path, err)
		}
	}
	scheduled, err := groups.scheduled(s.Type(), promise)
	if err != nil {
		return nil, err
	}
	ran := metav1.NewTime(now.Truncate(time.Second))
	w := &v1alpha1.Work{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.KindWork},
		ObjectMeta: metav1.ObjectMeta{Name: s.Name(), Namespace: s.Namespace, Labels: s.Labels(), Annotations: workflow.Trace(s.Annotations), Finalizers: []string{Finalizer}},
		Spec: v1alpha1.WorkSpec{
			PromiseName:            s.Promise,
			ResourceName:           s.Resource.Name,
			LastExecutionTimestamp: &ran,
			WorkloadGroups:         scheduled,
		},
	}
	if p.full {
		withoutContents(scheduled)
		w.Spec.Bundle = &out.Bundle
	}
	return w, nil
}

func withoutContents(groups []v1alpha1.WorkloadGroup) {
	for _, g := range groups {
		for i := range g.Workloads {
			g.Workloads[i].Content = ""
		}
	}
}
