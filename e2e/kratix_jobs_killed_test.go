// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// TestJobsKilled kills kratix-jobs at twenty moments of a request's run. A moment is one of its calls of the API
// server, which hears of the call or does not. Its successor ends the run, and nothing happens twice.
func TestJobsKilled(t *testing.T) {
	tidy(t)
	installed, err := runner.InstallJobs(t.Context(), shared, t.TempDir())
	require.NoError(t, err)
	t.Cleanup(installed.KillAll)
	startKratix(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			namespace := newNamespace(t, "jobs-killed")
			j := startJobs(t, installed, e, namespace)
			b := newBeside(t, namespace)
			b.jobs = j
			b.apply(t, "stores.yaml", "trying.yaml")
			b.offered(t)
			b.killedAtMoments(t)
		})
	}
}

func (b *beside) killedAtMoments(t *testing.T) {
	const moments = 20
	b.ask(t, "first") // which makes what the others share, such as Roles
	b.complete(t, "first", 1)
	counting := newTrap(b.namespace, 0, false, b.jobs.Runner)
	b.jobs.installed.Before(counting.see)
	t.Cleanup(func() { b.jobs.installed.Before(nil) })
	b.ask(t, "undisturbed")
	b.complete(t, "undisturbed", 1)
	calls := len(counting.calls())
	t.Logf("calls for a run: %s", strings.Join(counting.calls(), ", "))
	names := []string{"first", "undisturbed"}
	for i := range moments {
		name := fmt.Sprintf("moment-%d", i)
		deadly := newTrap(b.namespace, 1+i*calls/moments, i%2 == 1, b.jobs.Runner)
		b.jobs.installed.Before(deadly.see)
		b.ask(t, name)
		b.dies(t, name, deadly)
		b.jobs.installed.Before(nil)
		b.jobs.succeed(t)
		b.complete(t, name, 1)
		names = append(names, name)
	}
	b.onceEach(t, names)
}

// dies waits until the trap has killed kratix-jobs. If a run has taken fewer calls than the one before, the
// moment is that after its end.
func (b *beside) dies(t *testing.T, name string, deadly *trap) {
	t.Helper()
	ended := func() bool {
		jobs := b.seen.of(name)
		return len(jobs) > 0 && over(jobs[0])
	}
	require.Eventually(t, func() bool { return deadly.closed() || ended() }, limit, 20*time.Millisecond)
	require.NoError(t, b.jobs.Kill())
	t.Logf("%s: killed at call %d of %s, heard: %t", name, deadly.nth, strings.Join(deadly.calls(), ", "), deadly.heard)
}

// succeed starts another kratix-jobs, which need not wait until the Lease of the dead one is over.
func (j *jobsBeside) succeed(t *testing.T) {
	t.Helper()
	change(t, named("coordination.k8s.io/v1", "Lease", runner.SystemNamespace, "kratix-jobs"), `{"spec":{"holderIdentity":""}}`)
	j.start(t)
	awaitManager(t, shared.Typed, j.namespace, "none", "kratix-compile.io/"+j.engine.name)
}

// onceEach demands that each request has one Job, one run and one Pod, whose containers have run once.
func (b *beside) onceEach(t *testing.T, names []string) {
	t.Helper()
	runs, pods := b.seen.all(b.jobs.engine.kind), b.seen.all("Pod")
	once := map[string]int{}
	for _, name := range names {
		once[name] = 1
		jobs := b.seen.of(name)
		if !assert.Len(t, jobs, 1, "Jobs of %s", name) {
			continue
		}
		assert.Equal(t, "kratix-compile.io/"+b.jobs.engine.name, managerOf(jobs[0]), name)
		assert.True(t, has(jobs[0], batchv1.JobComplete), "%s: %v", name, jobs[0].Status)
		assert.EqualValues(t, 1, jobs[0].Status.Succeeded, name)
		assert.Zero(t, jobs[0].Status.Failed, "%s: runs that have failed", name)
		own := ownedBy(runs, jobs[0].UID)
		if assert.Len(t, own, 1, "runs of %s", name) {
			own = ownedBy(pods, own[0].GetUID())
			if assert.Len(t, own, 1, "Pods of %s", name) {
				assert.Zero(t, restarts(own[0]), "restarts of containers of %s", name)
			}
		}
	}
	assert.Len(t, runs, len(names), "runs of nobody")
	assert.Equal(t, once, b.desk.counts(), "how often each container ran")
}

func restarts(pod *unstructured.Unstructured) int64 {
	var all int64
	for _, field := range []string{"initContainerStatuses", "containerStatuses"} {
		list, _, _ := unstructured.NestedSlice(pod.Object, "status", field)
		for _, status := range list {
			if fields, ok := status.(map[string]any); ok {
				count, _ := fields["restartCount"].(int64)
				all += count
			}
		}
	}
	return all
}

// A trap kills a process at one of its calls of the API server about objects of a namespace.
type trap struct {
	path  string
	nth   int  // the call, from 1; 0 is none
	heard bool // by the API server
	kill  func() error

	mu     sync.Mutex
	made   []string
	sprung chan struct{}
}

func newTrap(namespace string, nth int, heard bool, r *runner.Runner) *trap {
	return &trap{path: "/namespaces/" + namespace + "/", nth: nth, heard: heard, kill: r.Kill, sprung: make(chan struct{})}
}

func (p *trap) calls() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.made)
}

func (p *trap) closed() bool {
	select {
	case <-p.sprung:
		return true
	default:
		return false
	}
}

// see is for Installation.Before. What the API server is to hear does not end with the connection of the dead.
func (p *trap) see(r *http.Request) {
	_, what, ours := strings.Cut(r.URL.Path, p.path)
	if !ours {
		return
	}
	p.mu.Lock()
	p.made = append(p.made, r.Method+" "+what)
	now := len(p.made) == p.nth
	p.mu.Unlock()
	if !now {
		return
	}
	body, err := io.ReadAll(r.Body)
	if killed := p.kill(); err != nil || killed != nil || !p.heard {
		close(p.sprung)
		panic(http.ErrAbortHandler)
	}
	close(p.sprung)
	r.Body = io.NopCloser(bytes.NewReader(body))
	lasting, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	time.AfterFunc(time.Minute, cancel)
	*r = *r.WithContext(lasting)
}
