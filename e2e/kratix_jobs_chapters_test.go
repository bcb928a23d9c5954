// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

var besideChapters = []struct {
	name    string
	happens func(*beside, *testing.T)
}{
	{"served", (*beside).served},
	{"killed", (*beside).killed},
	{"interrupted", (*beside).interrupted},
	{"switched", (*beside).switched},
	{"deleted", (*beside).deleted},
	{"given back", (*beside).givenBack},
}

// served has two Promises and three requests. One container fails once, another one always.
func (b *beside) served(t *testing.T) {
	b.apply(t, "stores.yaml", "promises.yaml", "trying.yaml")
	b.offered(t)
	b.apply(t, "requests.yaml")
	b.ask(t, "once")
	b.ask(t, "never")
}

// killed has the run of a request end while kratix-jobs does not see it.
func (b *beside) killed(t *testing.T) {
	b.ask(t, "held")
	b.desk.await(t, "held", 1)
	if b.jobs == nil {
		b.desk.open("held")
		return
	}
	var job batchv1.Job
	require.Eventually(t, func() bool {
		for _, job = range b.seen.of("held") {
			return job.Status.Active == 1
		}
		return false
	}, limit, 100*time.Millisecond, "the Job is not active")
	require.NoError(t, b.jobs.Kill())
	b.desk.open("held")
	run := named(b.jobs.engine.APIVersion, b.jobs.engine.kind, job.Namespace, job.Name)
	now, err := shared.Await(bounded(t), run, func(o *unstructured.Unstructured) (bool, error) {
		ended, _ := b.jobs.engine.end(o)
		return ended, nil
	})
	require.NoError(t, err, "%s", describe(now))
	left, err := shared.Typed.BatchV1().Jobs(job.Namespace).Get(t.Context(), job.Name, metav1.GetOptions{})
	require.NoError(t, err)
	assert.EqualValues(t, 1, left.Status.Active, "nobody keeps the status")
	b.jobs.start(t)
}

const manually = `{"metadata":{"labels":{"kratix.io/manual-reconciliation":"true"}}}`

// interrupted has three requests in the middle of a run. Somebody asks for a manual reconciliation of the
// first, and changes the second: Kratix suspends their Jobs and makes others. Kratix pauses the third, whose
// run goes on. This Kratix has no workflow-control.yaml yet, with which a container suspends a workflow.
func (b *beside) interrupted(t *testing.T) {
	names := []string{"held-again", "held-changed", "held-paused"}
	for _, name := range names {
		b.ask(t, name)
	}
	for _, name := range names {
		b.desk.await(t, name, 1)
	}
	change(t, b.thing("held-again"), manually)
	change(t, b.thing("held-changed"), `{"spec":{"edition":"second"}}`)
	change(t, b.thing("held-paused"), `{"metadata":{"labels":{"kratix.io/paused":"true"}}}`)
	paused := func(o *unstructured.Unstructured) (bool, error) { return messageOf(o, "Reconciled") == "Paused", nil }
	now, err := shared.Await(bounded(t), b.thing("held-paused"), paused)
	require.NoError(t, err, "%s", describe(now))
	b.desk.await(t, "held-again", 2)
	b.desk.await(t, "held-changed", 2)
	for _, name := range names {
		b.desk.open(name)
	}
	b.complete(t, "held-paused", 1)
	now, err = get(b.thing("held-paused"))
	require.NoError(t, err)
	assert.Equal(t, "Paused", messageOf(now, "Reconciled"), "Kratix does not look")
	change(t, b.thing("held-paused"), `{"metadata":{"labels":{"kratix.io/paused":null}}}`)
}

// switched runs a request twice: with its Promise set to none, and back.
func (b *beside) switched(t *testing.T) {
	b.choose(t, `"none"`, "")
	b.ask(t, "switched")
	b.complete(t, "switched", 1)
	reconciled := func(o *unstructured.Unstructured) (bool, error) { return conditionOf(o, "Reconciled") == "True", nil }
	now, err := shared.Await(bounded(t), b.thing("switched"), reconciled)
	require.NoError(t, err, "%s", describe(now))
	manager := ""
	if b.jobs != nil {
		manager = "kratix-compile.io/" + b.jobs.engine.name
	}
	b.choose(t, "null", manager)
	change(t, b.thing("switched"), manually)
	b.complete(t, "switched", 2)
}

// choose sets the annotation of the Promise trying, and waits until it counts.
func (b *beside) choose(t *testing.T, engine, manager string) {
	t.Helper()
	promise := named(kratixVersion, "Promise", "", b.namespace+"-trying")
	change(t, promise, `{"metadata":{"annotations":{"kratix-compile.io/engine":`+engine+`}}}`)
	awaitManager(t, shared.Typed, b.namespace, promise.GetName(), manager)
}

// complete waits until the newest of so many Jobs of a request is Complete.
func (b *beside) complete(t *testing.T, name string, jobs int) batchv1.Job {
	t.Helper()
	var newest batchv1.Job
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		all := b.seen.of(name)
		if assert.Len(c, all, jobs, "Jobs of %s", name) {
			newest = all[jobs-1]
			assert.True(c, has(newest, batchv1.JobComplete), "Job %s: %v", newest.Name, newest.Status)
		}
	}, limit, 100*time.Millisecond)
	return newest
}

// deleted waits until the request has gone, which has a Pipeline for that.
func (b *beside) deleted(t *testing.T) {
	b.delete(t, func(o *unstructured.Unstructured) bool { return isRequest(o) && o.GetName() == "nested-git" })
}

// givenBack drains with a request in flight. The next one is as if kratix-jobs had never been there.
func (b *beside) givenBack(t *testing.T) {
	b.ask(t, "held-late")
	b.desk.await(t, "held-late", 1)
	if b.jobs == nil {
		b.desk.open("held-late")
	} else {
		b.drained(t)
	}
	b.ask(t, "after")
}

func (b *beside) drained(t *testing.T) {
	t.Helper()
	said, err := os.Create(filepath.Join(t.TempDir(), "drain.log"))
	require.NoError(t, err)
	drain := b.jobs.installed.Drain(bounded(t))
	drain.Stdout, drain.Stderr = said, said
	require.NoError(t, drain.Start())
	require.NoError(t, said.Close())
	words := func() string {
		text, err := os.ReadFile(said.Name())
		require.NoError(t, err)
		return string(text)
	}
	assert.Eventually(t, func() bool { return strings.Contains(words(), "1 Job has not ended.") }, limit, 100*time.Millisecond)
	b.desk.open("held-late")
	require.NoError(t, drain.Wait(), words())
	assert.Contains(t, words(), "No Job is left.")
	awaitManager(t, shared.Typed, b.namespace, "none", "")
	b.nobodys(t)
	require.NoError(t, b.jobs.Stop())
}

// nobodys demands that no Job waits for a kratix-jobs that is not there. A suspended Job waits for nobody.
func (b *beside) nobodys(t *testing.T) {
	t.Helper()
	there, err := shared.Typed.BatchV1().Jobs(metav1.NamespaceAll).List(bounded(t), metav1.ListOptions{LabelSelector: v1alpha1.LabelWorkflowAction})
	require.NoError(t, err)
	for _, job := range there.Items {
		assert.True(t, job.Spec.ManagedBy == nil || over(job) || has(job, batchv1.JobSuspended), "%s is managed by nobody", job.Name)
	}
}
