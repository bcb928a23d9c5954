// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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

// taken demands of all that there ever was: each Job of Kratix has one run, which is its own, and no Pod.
func (b *beside) taken(t *testing.T) {
	t.Helper()
	e := b.jobs.engine
	runs := b.seen.all(e.kind)
	for _, job := range b.seen.jobs() {
		about := fmt.Sprintf("Job %s/%s", job.Namespace, job.Name)
		own := ownedBy(runs, job.UID)
		if request(&job) == "after" {
			assert.Nil(t, job.Spec.ManagedBy, about)
			assert.Empty(t, own, about)
			continue
		}
		if assert.NotNil(t, job.Spec.ManagedBy, about) {
			assert.Equal(t, "kratix-compile.io/"+e.name, *job.Spec.ManagedBy, about)
		}
		if assert.Len(t, own, 1, "runs of "+about) {
			assert.Equal(t, job.Name, own[0].GetName())
		}
		assert.Empty(t, ownedBy(b.seen.all("Pod"), job.UID), "Pods of "+about)
		if request(&job) == "never" {
			b.saysWhy(t, job)
			continue
		}
		assert.True(t, has(job, batchv1.JobComplete), "%s: %v", about, job.Status)
	}
	assert.Len(t, runs, len(b.seen.jobs())-1, "runs, with none of the last Job")
	assert.Equal(t, map[string]int{"once": 2, "never": 3, "held": 1, "held-late": 1, "after": 1}, b.desk.counts(), "how often each container ran")
	once, _ := b.seen.find("once")
	assert.EqualValues(t, 1, once.Status.Failed)
}

// saysWhy: the condition and an Event tell what failed, and the condition the end of the log.
func (b *beside) saysWhy(t *testing.T, job batchv1.Job) {
	t.Helper()
	message := ""
	for _, c := range job.Status.Conditions {
		if c.Type == batchv1.JobFailed {
			message = c.Message
		}
	}
	for _, part := range []string{"ask", "exit code 3", "no answer"} {
		assert.Contains(t, message, part)
	}
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		list, err := shared.Typed.EventsV1().Events(job.Namespace).List(t.Context(), metav1.ListOptions{})
		if !assert.NoError(c, err) {
			return
		}
		var notes []string
		for _, event := range list.Items {
			if event.Regarding.UID == job.UID && event.ReportingController == "kratix-jobs" {
				notes = append(notes, event.Note)
			}
		}
		text := strings.Join(notes, "\n")
		assert.Contains(c, text, "ask")
		assert.Contains(c, text, "exit code 3")
		assert.NotContains(c, text, "no answer", "more people may read Events")
	}, limit, 200*time.Millisecond)
}

// untouched demands that Kubernetes has run all Jobs.
func (b *beside) untouched(t *testing.T) {
	t.Helper()
	for _, job := range b.seen.jobs() {
		assert.Nil(t, job.Spec.ManagedBy, job.Name)
		assert.NotEmpty(t, ownedBy(b.seen.all("Pod"), job.UID), "Pods of Job %s", job.Name)
	}
	for _, e := range engines {
		assert.Empty(t, b.seen.all(e.kind))
	}
	counts := b.desk.counts()
	assert.Equal(t, 2, counts["once"])
	assert.Equal(t, 1, counts["held"])
}

// A witness remembers Jobs, runs and Pods of the Promises of a namespace as they last were, also when they
// are gone. Each UID is one.
type witness struct {
	mu   sync.Mutex
	last map[types.UID]*unstructured.Unstructured
}

func newWitness(t *testing.T, namespace string) *witness {
	t.Helper()
	w := &witness{last: map[types.UID]*unstructured.Unstructured{}}
	note := func(object any) {
		o, ok := object.(*unstructured.Unstructured)
		if !ok || !strings.HasPrefix(o.GetLabels()[v1alpha1.LabelPromise], namespace) {
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.last[o.GetUID()] = o
	}
	kinds := []schema.GroupVersionResource{{Group: "batch", Version: "v1", Resource: "jobs"}, {Version: "v1", Resource: "pods"}}
	for _, e := range engines {
		kinds = append(kinds, (&install{engine: e}).kind())
	}
	for _, kind := range kinds {
		informer := dynamicinformer.NewFilteredDynamicInformer(shared.Dynamic, kind, metav1.NamespaceAll, 0, cache.Indexers{}, nil).Informer()
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: note, UpdateFunc: func(_, o any) { note(o) }})
		require.NoError(t, err)
		go informer.RunWithContext(t.Context())
		require.True(t, cache.WaitForCacheSync(t.Context().Done(), informer.HasSynced))
	}
	return w
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

// find is the Job of a request of the Promise trying, which has one Pipeline.
func (w *witness) find(name string) (batchv1.Job, bool) {
	for _, job := range w.jobs() {
		if request(&job) == name {
			return job, true
		}
	}
	return batchv1.Job{}, false
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

// A desk answers containers by the names of their requests, and counts them. It refuses "never", and "once"
// at the first time; who is "held" waits until it is open.
type desk struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int
	doors map[string]chan struct{}
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{asked: map[string]int{}, doors: map[string]chan struct{}{"held": make(chan struct{}), "held-late": make(chan struct{})}}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Base(r.URL.Path)
		times := d.count(name)
		if door, ok := d.doors[name]; ok {
			select {
			case <-door:
			case <-r.Context().Done():
				return
			}
		}
		if name == "never" || name == "once" && times == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintf(w, "answer: %s\n", name)
	}))
	t.Cleanup(func() {
		d.CloseClientConnections()
		d.Close()
	})
	return d
}

func (d *desk) count(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked[name]++
	return d.asked[name]
}

func (d *desk) counts() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.asked)
}

func (d *desk) open(name string) { close(d.doors[name]) }

func (d *desk) await(t *testing.T, name string) {
	t.Helper()
	require.Eventually(t, func() bool { return d.counts()[name] > 0 }, limit, 100*time.Millisecond, "no container asks for "+name)
}
