// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// TestJobs leads Kratix through the same life of Promises and requests: alone, and with kratix-jobs
// beside it on each engine. After each chapter State Stores and statuses must be equal, to the byte.
func TestJobs(t *testing.T) {
	tidy(t)
	installed, err := runner.InstallJobs(t.Context(), shared, t.TempDir())
	require.NoError(t, err)
	t.Cleanup(installed.KillAll)
	k := startKratix(t)
	namespace := newNamespace(t, "jobs")
	var alone []shown
	var made map[string]int
	t.Run("kratix alone", func(t *testing.T) {
		b := newBeside(t, namespace)
		for _, c := range besideChapters {
			c.happens(b, t)
			alone = append(alone, b.settled(t))
		}
		b.untouched(t)
		made = b.seen.pipelines()
	})
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			require.Len(t, alone, len(besideChapters), "what Kratix does alone")
			require.NoError(t, k.Stop())
			require.NoError(t, k.Restart(t.Context())) // it forgets Promises that had the same names
			j := startJobs(t, installed, e, namespace)
			b := newBeside(t, namespace)
			b.jobs = j
			for i, c := range besideChapters {
				c.happens(b, t)
				assert.Empty(t, compared(alone[i], b.settled(t)), c.name)
			}
			assert.Equal(t, made, b.seen.pipelines(), "the Jobs that Kratix makes")
			b.taken(t)
		})
	}
}

var besideChapters = []struct {
	name    string
	happens func(*beside, *testing.T)
}{
	{"served", (*beside).served},
	{"killed", (*beside).killed},
	{"deleted", (*beside).deleted},
	{"given back", (*beside).givenBack},
}

// beside is a platform of Kratix, and perhaps kratix-jobs.
type beside struct {
	*platform
	desk *desk
	seen *witness
	jobs *jobsBeside // nil for Kratix alone
}

// newBeside has a small part of the scenario: files whose names are the same each time.
func newBeside(t *testing.T, namespace string) *beside {
	t.Helper()
	b := &beside{desk: newDesk(t), seen: newWitness(t, namespace), platform: newPlatform(t, namespace, "elsewhere")}
	b.leftOut = func(o *unstructured.Unstructured) bool {
		name := strings.TrimPrefix(o.GetName(), namespace+"-")
		switch {
		case o.GetKind() == "Destination":
			return !slices.Contains([]string{"nested-git", "nested-bucket", "edge"}, name)
		case o.GetKind() == "Promise":
			return name != "all" && name != "trying"
		default:
			return isRequest(o) && (name != "nested-git" || o.GetNamespace() != namespace)
		}
	}
	return b
}

// ask makes a request of the Promise trying.
func (b *beside) ask(t *testing.T, name string) {
	t.Helper()
	o := named("trying."+b.namespace+".example.org/v1", "Thing", b.namespace, name)
	o.Object["spec"] = map[string]any{"desk": b.desk.URL}
	require.NoError(t, shared.Create(t.Context(), o))
	b.applied = append(b.applied, o)
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
	b.desk.await(t, "held")
	if b.jobs == nil {
		b.desk.open("held")
		return
	}
	var job batchv1.Job
	require.Eventually(t, func() bool {
		job, _ = b.seen.find("held")
		return job.Status.Active == 1
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

// deleted waits until the request has gone, which has a Pipeline for that.
func (b *beside) deleted(t *testing.T) {
	b.delete(t, func(o *unstructured.Unstructured) bool { return isRequest(o) && o.GetName() == "nested-git" })
}

// givenBack drains with a request in flight. The next one is as if kratix-jobs had never been there.
func (b *beside) givenBack(t *testing.T) {
	b.ask(t, "held-late")
	b.desk.await(t, "held-late")
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
	assert.Eventually(t, func() bool { return strings.Contains(words(), "1 Jobs have not ended.") }, limit, 100*time.Millisecond)
	b.desk.open("held-late")
	require.NoError(t, drain.Wait(), words())
	assert.Contains(t, words(), "No Job is left.")
	by, err := b.jobs.probe(t)
	require.NoError(t, err)
	assert.Nil(t, by, "new Jobs are for Kubernetes")
	for _, job := range b.seen.jobs() {
		assert.True(t, job.Spec.ManagedBy == nil || over(job), "%s is managed by nobody", job.Name)
	}
	require.NoError(t, b.jobs.Stop())
}

// settled waits until Kratix has done what there is to do, and nothing changes any more.
func (b *beside) settled(t *testing.T) shown {
	t.Helper()
	var last shown
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		for _, o := range b.requests() {
			now, err := get(o)
			if !assert.NoError(c, err) {
				continue
			}
			if o.GetName() == "never" {
				assert.Equal(c, "False", conditionOf(now, "ConfigureWorkflowCompleted"), "never: %s", describe(now))
				assert.Equal(c, "False", conditionOf(now, "Reconciled"), "never: %s", describe(now))
				continue
			}
			assert.Equal(c, "True", conditionOf(now, "ConfigureWorkflowCompleted"), "%s: %s", o.GetName(), describe(now))
			assert.Equal(c, "True", conditionOf(now, "Reconciled"), "%s: %s", o.GetName(), describe(now))
		}
		for _, wp := range b.list(t, "workplacements") {
			assert.Equal(c, "True", conditionOf(&wp, "WriteSucceeded"), wp.GetName())
			assert.Nil(c, wp.GetDeletionTimestamp(), wp.GetName())
		}
		now := withoutSwing(b.shown(t))
		assert.Empty(c, compared(last, now), "it still changes")
		last = now
	}, chapterLimit, 2*time.Second)
	return last
}

// withoutSwing leaves out the failures of a request whose first Pipeline has failed. This Kratix sets them
// to 0 when it begins to reconcile, and to 1 at the end. Both are changes, so that it begins again.
var withoutSwing = inStatuses(func(status map[string]any) {
	if c, ok := status["condition ConfigureWorkflowCompleted"].(map[string]any); ok && c["reason"] == "ConfigureWorkflowFailed" {
		delete(status, "workflowsFailed")
	}
})

// jobsBeside is a kratix-jobs beside the cluster, again and again with the same log.
type jobsBeside struct {
	*runner.Runner
	installed *runner.Jobs
	engine    engine
	namespace string
	log       string
	account   string // that Kratix has
}

// startJobs waits until the API server asks kratix-jobs. The webhook and the process go with the test.
func startJobs(t *testing.T, installed *runner.Jobs, e engine, namespace string) *jobsBeside {
	t.Helper()
	tidy(t)
	who, err := shared.Typed.AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	require.NoError(t, err)
	j := &jobsBeside{
		installed: installed, engine: e, namespace: namespace, account: who.Status.UserInfo.Username,
		log: filepath.Join(t.TempDir(), "kratix-jobs.log"),
	}
	t.Cleanup(func() {
		assert.NoError(t, installed.Unregister(bounded(t)))
		installed.KillAll()
		// With more rights a run would begin sooner; deploy/jobs does without.
		denied := slices.DeleteFunc(slices.Clone(installed.Denied()), func(text string) bool {
			return strings.HasPrefix(text, "GET /apis/") && strings.Contains(text, ".example.org/v1/")
		})
		assert.Empty(t, denied, "deploy/jobs is not enough")
		if j.Runner != nil {
			lastWords(t, j)
		}
	})
	require.NoError(t, installed.Register(t.Context()))
	j.start(t)
	require.EventuallyWithT(t, func(c *assert.CollectT) { // until somebody leads, and the API server knows of the CA
		by, err := j.probe(t)
		if assert.NoError(c, err) && assert.NotNil(c, by, "nobody takes Jobs") {
			assert.Equal(c, "kratix-compile.io/"+e.name, *by)
		}
	}, limit, 200*time.Millisecond)
	return j
}

func (j *jobsBeside) start(t *testing.T) {
	t.Helper()
	r, err := j.installed.Start(t.Context(), j.log, "--engine="+j.engine.name, "--kratix-accounts="+j.account)
	require.NoError(t, err)
	j.Runner = r
}

// probe is who would manage a Job that Kratix makes now.
func (j *jobsBeside) probe(t *testing.T) (*string, error) {
	t.Helper()
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "probe", Labels: map[string]string{v1alpha1.LabelWorkflowAction: "configure", v1alpha1.LabelPromise: "none"}},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyOnFailure,
			Containers:    []corev1.Container{{Name: "ask", Image: cluster.Registry() + "/busybox:e2e", Command: []string{"true"}}},
		}}},
	}
	made, err := shared.Typed.BatchV1().Jobs(j.namespace).Create(t.Context(), job, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return nil, err
	}
	return made.Spec.ManagedBy, nil
}
