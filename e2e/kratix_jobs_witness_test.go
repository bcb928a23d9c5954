// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// A witness remembers the Jobs, runs and Pods of a namespace's Promises as they last were, also when they are
// gone, and what Kratix has said in Events about the Promises and their requests. Each UID is one object.
type witness struct {
	namespace string
	mu        sync.Mutex
	last      map[types.UID]*unstructured.Unstructured
	told      map[string]bool
}

func newWitness(t *testing.T, namespace string) *witness {
	t.Helper()
	w := &witness{namespace: namespace, last: map[types.UID]*unstructured.Unstructured{}, told: map[string]bool{}}
	note := func(object any) {
		if o, ok := object.(*unstructured.Unstructured); ok && strings.HasPrefix(o.GetLabels()[v1alpha1.LabelPromise], namespace) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.last[o.GetUID()] = o
		}
	}
	kinds := []schema.GroupVersionResource{{Group: "batch", Version: "v1", Resource: "jobs"}, {Version: "v1", Resource: "pods"}}
	for _, e := range engines {
		kinds = append(kinds, (&install{engine: e}).kind())
	}
	for _, kind := range kinds {
		follow(t, kind, cache.ResourceEventHandlerFuncs{AddFunc: note, UpdateFunc: func(_, o any) { note(o) }})
	}
	follow(t, schema.GroupVersionResource{Version: "v1", Resource: "events"}, cache.ResourceEventHandlerDetailedFuncs{AddFunc: w.hear})
	return w
}

// follow calls the handler until the end of the test.
func follow(t *testing.T, kind schema.GroupVersionResource, handler cache.ResourceEventHandler) {
	t.Helper()
	informer := dynamicinformer.NewFilteredDynamicInformer(shared.Dynamic, kind, metav1.NamespaceAll, 0, cache.Indexers{}, nil).Informer()
	_, err := informer.AddEventHandler(handler)
	require.NoError(t, err)
	go informer.RunWithContext(t.Context())
	require.True(t, cache.WaitForCacheSync(t.Context().Done(), informer.HasSynced))
}

// hear leaves out Events that were there before: they are about objects of an earlier life.
func (w *witness) hear(object any, wasThere bool) {
	o, ok := object.(*unstructured.Unstructured)
	if !ok || wasThere {
		return
	}
	kind, name := field(o, "involvedObject", "kind"), field(o, "involvedObject", "name")
	ofPromise := kind == v1alpha1.KindPromise && strings.HasPrefix(name, w.namespace)
	ofRequest := strings.HasSuffix(field(o, "involvedObject", "apiVersion"), "."+w.namespace+".example.org/v1")
	reason := field(o, "reason")
	if !ofPromise && !ofRequest || ofWorks[reason] {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told[fmt.Sprintf("%s %s: %s %s: %s, says %s", kind, name, field(o, "type"), reason, field(o, "message"), field(o, "source", "component"))] = true
}

// ofWorks are reasons of Events that name Works, and depend on how soon a State Store is ready and not on Jobs.
var ofWorks = map[string]bool{"WorksFailing": true, "WorksMisplaced": true}

// events are what Kratix has said, each once: how often it says it depends on how often it looks.
func (w *witness) events() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.told))
}

func (w *witness) all(kind string) []*unstructured.Unstructured {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []*unstructured.Unstructured
	for _, o := range w.last {
		if o.GetKind() == kind {
			found = append(found, o)
		}
	}
	return found
}

func (w *witness) jobs() []batchv1.Job {
	var jobs []batchv1.Job
	for _, o := range w.all("Job") {
		var job batchv1.Job
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &job); err != nil {
			panic(err) // the API server made it
		}
		jobs = append(jobs, job)
	}
	return jobs
}

// of are the Jobs of a request of the Promise trying, which has one Pipeline. The oldest is first.
func (w *witness) of(name string) []batchv1.Job {
	jobs := slices.DeleteFunc(w.jobs(), func(job batchv1.Job) bool { return request(&job) != name })
	slices.SortFunc(jobs, func(a, b batchv1.Job) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	return jobs
}

// pipelines are how often each has run, by the request and the action.
func (w *witness) pipelines() map[string]int {
	found := map[string]int{}
	for _, job := range w.jobs() {
		found[strings.Join([]string{request(&job), job.Labels[v1alpha1.LabelWorkflowAction], job.Labels[v1alpha1.LabelPipeline]}, " ")]++
	}
	return found
}

func request(job *batchv1.Job) string { return job.Labels[v1alpha1.LabelResource] }

func ownedBy(objects []*unstructured.Unstructured, uid types.UID) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, o := range objects {
		if owner := metav1.GetControllerOfNoCopy(o); owner != nil && owner.UID == uid {
			found = append(found, o)
		}
	}
	return found
}

func has(job batchv1.Job, condition batchv1.JobConditionType) bool {
	for _, c := range job.Status.Conditions {
		if c.Type == condition && c.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}

func over(job batchv1.Job) bool { return has(job, batchv1.JobComplete) || has(job, batchv1.JobFailed) }
