// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// taken demands of all that there ever was: each Job that kratix-jobs has taken has one run, which is its own,
// and no Pod.
func (b *beside) taken(t *testing.T) {
	t.Helper()
	runs, left := b.seen.all(b.jobs.engine.kind), 0
	for _, job := range b.seen.jobs() {
		about := fmt.Sprintf("Job %s/%s", job.Namespace, job.Name)
		own := ownedBy(runs, job.UID)
		if b.isLeft(job) {
			left++
			assert.Nil(t, job.Spec.ManagedBy, about)
			assert.Empty(t, own, about)
			assert.NotEmpty(t, ownedBy(b.seen.all("Pod"), job.UID), "Pods of "+about)
			continue
		}
		if assert.NotNil(t, job.Spec.ManagedBy, about) {
			assert.Equal(t, "kratix-compile.io/"+b.jobs.engine.name, *job.Spec.ManagedBy, about)
		}
		assert.Empty(t, ownedBy(b.seen.all("Pod"), job.UID), "Pods of "+about)
		if assert.Len(t, own, 1, "runs of "+about) {
			assert.Equal(t, job.Name, own[0].GetName())
			b.ended(t, job, own[0])
		}
	}
	assert.Equal(t, 2, left, "Jobs that were left to Kubernetes: one of switched, and one after the end")
	assert.Len(t, runs, len(b.seen.jobs())-left, "runs of nobody")
	counts := maps.Clone(besideCounts)
	counts["never"] = 3
	assert.Equal(t, counts, b.desk.counts(), "how often each container ran")
	assert.EqualValues(t, 1, b.seen.of("once")[0].Status.Failed)
}

// isLeft tells whether Kubernetes is to run a Job beside kratix-jobs.
func (b *beside) isLeft(job batchv1.Job) bool {
	switch name := request(&job); name {
	case "after":
		return true
	case "switched":
		return b.seen.of(name)[0].UID == job.UID
	default:
		return false
	}
}

// ended demands that a Job says what became of its run.
func (b *beside) ended(t *testing.T, job batchv1.Job, run *unstructured.Unstructured) {
	t.Helper()
	phase := b.jobs.engine.Observer.Observe(run, nil).Phase
	switch {
	case request(&job) == "never":
		assert.Equal(t, state.Failed, phase, job.Name)
		b.saysWhy(t, job)
	case job.Spec.Suspend != nil && *job.Spec.Suspend:
		assert.Contains(t, []string{"held-again", "held-changed"}, request(&job))
		assert.Equal(t, b.seen.of(request(&job))[0].UID, job.UID, "the Job that follows is suspended")
		assert.Equal(t, state.Cancelled, phase, job.Name)
		assert.True(t, has(job, batchv1.JobSuspended), "%s: %v", job.Name, job.Status)
		assert.Zero(t, job.Status.Active, job.Name)
	default:
		assert.Equal(t, state.Succeeded, phase, job.Name)
		assert.True(t, has(job, batchv1.JobComplete), "%s: %v", job.Name, job.Status)
	}
}

// besideCounts are how often the container of each request runs, but for "never": that depends on who repeats
// it. "once" fails once, and two run again because somebody interrupts them.
var besideCounts = map[string]int{
	"once": 2, "held": 1, "held-again": 2, "held-changed": 2, "held-paused": 1, "switched": 2, "held-late": 1, "after": 1,
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
	delete(counts, "never")
	assert.Equal(t, besideCounts, counts, "how often each container ran")
}
