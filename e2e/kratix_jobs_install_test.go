// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

const besidePage = "docs/beside-kratix.md"

// TestInstallJobs does what docs/beside-kratix.md says beside the real Kratix, which has the account that its
// own installation gives it. kratix-jobs is in Pods. Requests are in flight whenever it comes or goes, and each
// of them ends with its files.
func TestInstallJobs(t *testing.T) {
	tools := buildTools(t)
	tidy(t)
	own, err := runner.AsKratix(t.Context(), shared, t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, runner.RemoveKratixAccount(bounded(t), shared)) })
	startKratixIn(t, own)
	g := &guest{beside: newBeside(t, newNamespace(t, "jobs")), administrator: inClone(t, tools, "v0.1.0", engines[0]), kratix: own.Typed}
	g.hasImage(t)
	g.removeJobs(t)
	g.isGone(t)
	t.Cleanup(func() { g.removeJobs(t) })
	g.apply(t, "stores.yaml", "trying.yaml")
	g.offered(t)
	require.True(t, t.Run("helm", func(t *testing.T) {
		g.arrives(t)
		g.chooses(t)
		g.leaves(t)
	}))
	require.True(t, t.Run("kustomize", func(t *testing.T) {
		g.vanishes(t)
		g.drains(t)
	}))
	require.True(t, t.Run("policy", func(t *testing.T) { g.hasPolicy(t) }))
	g.delivered(t)
	allTyped(t, besidePage)
}

// arrives installs the chart and nothing else. The next request runs on Tekton, and the one that is in flight
// goes on as it is.
func (g *guest) arrives(t *testing.T) {
	g.ask(t, "held-before")
	g.desk.await(t, "held-before", 1)
	g.follow(t, besidePage, "Install", 0)
	g.isManager(t, "kratix-compile.io/tekton")
	g.ask(t, "held-next")
	g.desk.await(t, "held-next", 1)
	next := g.newest(t, "held-next")
	_, err := get(named("tekton.dev/v1", "TaskRun", next.Namespace, next.Name))
	require.NoError(t, err)

	list := g.read(t, g.block(t, besidePage, "Install", 2)[0])
	assert.Regexp(t, fmt.Sprintf(`(?m)^%s +%s +kratix-compile\.io/tekton$`, g.namespace, next.Name), list)
	assert.Regexp(t, fmt.Sprintf(`(?m)^%s +%s +<none>$`, g.namespace, g.newest(t, "held-before").Name), list)
	g.means(t, "held-next")
	assert.Contains(t, g.read(t, g.block(t, besidePage, "What happens", 0)[0]), "kind: TaskRun\n")

	g.desk.open("held-before")
	g.desk.open("held-next")
	g.ran(t, "held-before", "")
	g.ran(t, "held-next", "kratix-compile.io/tekton")
}

// chooses an engine with annotations, also none.
func (g *guest) chooses(t *testing.T) {
	g.means(t, "held-next")
	promise := g.namespace + "-trying"
	for i, by := range []string{"", "kratix-compile.io/tekton", "kratix-compile.io/argo"} {
		g.enter(t, besidePage, g.block(t, besidePage, "Choose the engine", 0)[i])
		awaitManager(t, g.kratix, g.namespace, promise, by)
		name := fmt.Sprintf("chosen-%d", i)
		g.ask(t, name)
		g.ran(t, name, by)
	}
	g.annotates(t, nil)
	awaitManager(t, g.kratix, g.namespace, promise, "kratix-compile.io/tekton")
}

// leaves uninstalls the chart with a request in flight, for which helm waits. Meanwhile Kubernetes runs the
// next one.
func (g *guest) leaves(t *testing.T) {
	g.inFlight(t, "held-last")
	uninstalls := g.begin(t, g.block(t, besidePage, "Go back", 0)[0])
	g.withdrawn(t)
	g.ask(t, "meanwhile")
	g.ran(t, "meanwhile", "")
	g.desk.open("held-last")
	uninstalls(t)
	g.enter(t, besidePage, g.block(t, besidePage, "Go back", 0)[1])
	g.isGone(t)
	g.ran(t, "held-last", "kratix-compile.io/tekton")
	g.ask(t, "after-helm")
	g.ran(t, "after-helm", "")
}

// vanishes deletes everything of kratix-jobs while a Job waits for it, and gives the Job back by hand.
func (g *guest) vanishes(t *testing.T) {
	g.installs(t)
	g.inFlight(t, "held-lost")
	g.enter(t, besidePage, g.block(t, besidePage, "Go back", 1)[1])
	g.isGone(t)
	g.means(t, "held-lost")
	g.follow(t, besidePage, "Go back", 2)
	g.desk.await(t, "held-lost", 2)
	g.desk.open("held-lost")
	g.ran(t, "held-lost", "")
}

// drains installs it again, and gives the Jobs back before it deletes everything.
func (g *guest) drains(t *testing.T) {
	g.installs(t)
	g.inFlight(t, "held-drained")
	drains := g.begin(t, g.block(t, besidePage, "Go back", 1)[0])
	g.withdrawn(t)
	g.desk.open("held-drained")
	assert.Contains(t, drains(t), "No Job is left.")
	g.nobodys(t)
	for _, command := range g.block(t, besidePage, "Go back", 1)[1:] {
		g.enter(t, besidePage, command)
	}
	g.isGone(t)
	g.ran(t, "held-drained", "kratix-compile.io/tekton")
}

// hasPolicy lets the API server take the Jobs by itself. The chart finds the beta that this cluster has.
func (g *guest) hasPolicy(t *testing.T) {
	g.enter(t, besidePage, g.block(t, besidePage, "Install", 0)[0]+" --set admission=policy")
	g.enter(t, besidePage, g.block(t, besidePage, "Install", 0)[1])
	g.isManager(t, "kratix-compile.io/tekton")
	g.isWithdrawn(t)
	g.annotates(t, "argo")
	g.isManager(t, "kratix-compile.io/argo")
	g.annotates(t, "none")
	g.isManager(t, "")
	g.annotates(t, nil)
	g.isManager(t, "kratix-compile.io/tekton")
	g.inFlight(t, "held-policy")
	uninstalls := g.begin(t, g.block(t, besidePage, "Go back", 0)[0])
	g.isManager(t, "")
	g.ask(t, "without-policy")
	g.ran(t, "without-policy", "")
	g.desk.open("held-policy")
	uninstalls(t)
	g.isGone(t)
	g.ran(t, "held-policy", "kratix-compile.io/tekton")
}

// annotates the namespace with an engine, or with none of them.
func (g *guest) annotates(t *testing.T, engine any) {
	t.Helper()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{"kratix-compile.io/engine": engine}}})
	require.NoError(t, err)
	change(t, named("v1", "Namespace", "", g.namespace), string(patch))
}

// installs without Helm.
func (g *guest) installs(t *testing.T) {
	t.Helper()
	g.follow(t, besidePage, "Install", 1)
	g.enter(t, besidePage, g.block(t, besidePage, "Install", 0)[1])
	g.isManager(t, "kratix-compile.io/tekton")
}

// inFlight has a request on Tekton whose container waits.
func (g *guest) inFlight(t *testing.T, name string) {
	t.Helper()
	g.ask(t, name)
	g.desk.await(t, name, 1)
	assert.Equal(t, "kratix-compile.io/tekton", managerOf(g.newest(t, name)), name)
}

// ran waits until a request has its files, and demands that its newest Job was this manager's.
func (g *guest) ran(t *testing.T, name, manager string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		now, err := get(g.thing(name))
		if assert.NoError(c, err) {
			assert.Equal(c, "True", conditionOf(now, "Reconciled"), "%s: %s", name, describe(now))
		}
		all := g.seen.of(name)
		if !assert.NotEmpty(c, all, "Jobs of %s", name) {
			return
		}
		newest := all[len(all)-1]
		assert.True(c, has(newest, batchv1.JobComplete), "Job %s: %v", newest.Name, newest.Status)
		assert.Equal(c, manager, managerOf(newest), "who has run Job %s", newest.Name)
	}, limit, 200*time.Millisecond)
	assert.Empty(t, g.wrongRuns(name), "runs of the Jobs of %s", name)
}

// wrongRuns are Jobs with more or fewer runs than they should have.
func (g *guest) wrongRuns(name string) []string {
	var wrong []string
	for _, job := range g.seen.of(name) {
		for _, e := range engines {
			want := 0
			if managerOf(job) == "kratix-compile.io/"+e.name {
				want = 1
			}
			if runs := ownedBy(g.seen.all(e.kind), job.UID); len(runs) != want {
				wrong = append(wrong, fmt.Sprintf("%s has %d of %s and not %d", job.Name, len(runs), e.name, want))
			}
		}
	}
	return wrong
}

// delivered demands the file of each request that there ever was.
func (g *guest) delivered(t *testing.T) {
	t.Helper()
	files := g.shown(t).files
	for _, o := range g.requests() {
		answers := 0
		for path, content := range files {
			if strings.Contains(path, "/"+o.GetName()+"/") && content == "answer: "+o.GetName()+"\n" {
				answers++
			}
		}
		assert.Equal(t, 1, answers, "files of %s", o.GetName())
	}
}
