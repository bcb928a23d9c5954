// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// TestJobs leads Kratix through the same life of Promises and requests: alone, and with kratix-jobs
// beside it on each engine. After each chapter State Stores and statuses must be equal, to the byte. At the end
// Kratix must have made the same Jobs, and said the same in Events.
func TestJobs(t *testing.T) {
	tidy(t)
	installed, err := runner.InstallJobs(t.Context(), shared, t.TempDir())
	require.NoError(t, err)
	t.Cleanup(installed.KillAll)
	k := startKratix(t)
	namespace := newNamespace(t, "jobs")
	var alone []shown
	var made map[string]int
	var told []string
	t.Run("kratix alone", func(t *testing.T) {
		b := newBeside(t, namespace)
		for _, c := range besideChapters {
			c.happens(b, t)
			alone = append(alone, b.settled(t))
		}
		b.untouched(t)
		made, told = b.seen.pipelines(), b.seen.events()
		assert.NotEmpty(t, told)
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
			assert.Equal(t, told, b.seen.events(), "what Kratix says")
			b.taken(t)
		})
	}
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

// thing is a request of the Promise trying.
func (b *beside) thing(name string) *unstructured.Unstructured {
	return named("trying."+b.namespace+".example.org/v1", "Thing", b.namespace, name)
}

// ask makes a request of the Promise trying.
func (b *beside) ask(t *testing.T, name string) {
	t.Helper()
	o := b.thing(name)
	o.Object["spec"] = map[string]any{"desk": b.desk.URL}
	require.NoError(t, shared.Create(t.Context(), o))
	b.applied = append(b.applied, o)
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
