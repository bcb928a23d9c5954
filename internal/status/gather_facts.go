// SPDX-License-Identifier: Apache-2.0

package status

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/work"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Facts are what was read about an object. What is not there, or may not be read, is empty.
type Facts struct {
	// Object is a Promise, a request or a Work.
	Object *unstructured.Unstructured
	// Promise is the Promise itself, or that of the request.
	Promise *unstructured.Unstructured
	// PromiseName is known even if the Promise is not.
	PromiseName string
	// SystemNamespace is where promise workflows run.
	SystemNamespace string
	// Resource is what kubectl calls the kind of the object, as in "websites.example.org".
	Resource string

	Runs []RunFacts
	// Jobs are those of Kratix, the oldest first. kratix-runner makes none.
	Jobs       []JobFacts
	Works      []v1alpha1.Work
	Placements []v1alpha1.WorkPlacement
	// Destinations have their name as key, Stores their kind and name.
	Destinations map[string]*v1alpha1.Destination
	Stores       map[v1alpha1.StateStoreReference]StoreFacts
	// Requests are for what the Promise offers.
	Requests []Facts
	// Brief is true if runs and Works were not read.
	Brief   bool
	Missing []Right
}

// RunFacts are the object of an engine and its Pods.
type RunFacts struct {
	Engine backends.Engine
	Object *unstructured.Unstructured
	Pods   []corev1.Pod
}

// JobFacts are a Job of Kratix and its Pods.
type JobFacts struct {
	Object *batchv1.Job
	Pods   []corev1.Pod
}

// StoreFacts are what a State Store is and whether it works.
type StoreFacts struct {
	Store
	// Path is that of its spec.
	Path string
	// Fault is why it cannot be written to. It is empty if it can be, or if nobody has tried.
	Fault string
}

func (f Facts) isPromise() bool { return f.Object.GroupVersionKind() == promiseKind }

func (f Facts) isWork() bool { return f.Object.GroupVersionKind() == workKind }

func (f Facts) deleting() bool { return !f.Object.GetDeletionTimestamp().IsZero() }

// owner is the owner of the runs and Works that belong to the object, and their namespace.
func (f Facts) owner() workflow.Owner {
	o := workflow.Owner{UID: f.Object.GetUID(), Promise: f.PromiseName}
	if !f.isPromise() {
		o.Resource = client.ObjectKeyFromObject(f.Object)
	}
	chosen := ""
	if f.Promise != nil {
		chosen = workflow.PipelineNamespace(f.Promise)
	}
	return o.In(chosen, f.SystemNamespace)
}

// ownWorks are the Works of the object. A Promise also has the Work of its dependencies.
func (f Facts) ownWorks() []v1alpha1.Work {
	if f.isWork() {
		return f.Works
	}
	own := work.Stale(f.Works, f.owner(), nil) // without Pipelines, all Works of the owner are stale
	if !f.isPromise() {
		return own
	}
	for _, w := range f.Works {
		if w.Labels[v1alpha1.LabelPromise] == f.PromiseName && w.Labels[v1alpha1.LabelWorkType] == v1alpha1.WorkStatic {
			own = append(own, w)
		}
	}
	return own
}

func (f Facts) status() map[string]any {
	status, _ := f.Object.Object["status"].(map[string]any)
	return status
}
