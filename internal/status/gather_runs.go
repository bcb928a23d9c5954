// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"context"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

var (
	podKind = corev1.SchemeGroupVersion.WithKind("Pod")
	jobKind = batchv1.SchemeGroupVersion.WithKind("Job")
)

// runs reads the runs on every engine, because the object may have had another engine before. Where
// Kratix runs the Pipelines, a run belongs to a Job and has the labels of the Job's Pods.
func (r *gathering) runs(ctx context.Context, f *Facts) error {
	of := labels.Set(f.owner().RunLabels()).AsSelector()
	for _, e := range backends.Engines() {
		found, err := list[unstructured.Unstructured](ctx, r, e.GroupVersionKind(), f.owner().Namespace, of)
		if err != nil {
			return err
		}
		for i := range found {
			if f.owner().Owns(found[i].GetLabels(), found[i].GetNamespace()) {
				f.Runs = append(f.Runs, RunFacts{Engine: e, Object: &found[i]})
			}
		}
	}
	if err := r.jobs(ctx, f, of); err != nil || len(f.Runs)+len(f.Jobs) == 0 {
		return err
	}
	pods, err := list[corev1.Pod](ctx, r, podKind, f.owner().Namespace, of)
	for i := range f.Runs {
		f.Runs[i].Pods = pods
	}
	for i := range f.Jobs {
		f.Jobs[i].Pods = pods
	}
	return err
}

// jobs reads the Jobs of Kratix. If kratix-runner has written the status, there are none, and people
// need no right to read them.
func (r *gathering) jobs(ctx context.Context, f *Facts, of labels.Selector) error {
	if progress.Read(f.status()).Round > 0 {
		return nil
	}
	found, err := list[batchv1.Job](ctx, r, jobKind, f.owner().Namespace, of)
	slices.SortStableFunc(found, func(a, b batchv1.Job) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	for i := range found {
		if f.owner().Owns(found[i].Labels, found[i].Namespace) {
			f.Jobs = append(f.Jobs, JobFacts{Object: &found[i]})
		}
	}
	return err
}

// controlled are the Pods that have this controller. Labels are not enough, because anybody can set
// them.
func controlled(pods []corev1.Pod, by metav1.Object) []corev1.Pod {
	return slices.DeleteFunc(slices.Clone(pods), func(p corev1.Pod) bool { return !metav1.IsControlledBy(&p, by) })
}

// podsOf are the Pods of the run among those of the object.
func (f RunFacts) podsOf() []corev1.Pod {
	selector := labels.SelectorFromSet(f.Engine.PodLabels(f.Object))
	return slices.DeleteFunc(controlled(f.Pods, f.Object), func(p corev1.Pod) bool { return !selector.Matches(labels.Set(p.Labels)) })
}

// podsOf are the Pods that Kubernetes has made for the Job, the oldest first.
func (f JobFacts) podsOf() []corev1.Pod {
	pods := controlled(f.Pods, f.Object)
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	return pods
}
