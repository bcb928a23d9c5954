// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// TestRunsExpire: podTTLSecondsAfterFinished is obeyed, and the workflow does not run again.
func TestRunsExpire(t *testing.T) {
	ended, err := time.Parse(time.RFC3339, "2026-01-01T00:00:00Z") // as succeed and fail say
	require.NoError(t, err)
	for name, end := range map[string]func(*testing.T, *world){
		"both Pipelines succeed": func(t *testing.T, w *world) {
			t.Helper()
			for range 2 {
				run := w.run(t, "a", "a", "one")
				w.harvest(t, run, small)
				w.succeed(t, run)
				w.step(t, "a", "one")
			}
		},
		"one fails": func(t *testing.T, w *world) {
			t.Helper()
			w.fail(t, w.run(t, "a", "a", "one"))
			w.step(t, "a", "one")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
			w.Options = func() plan.Options {
				opts := plan.Defaults()
				opts.Config.Workflows.JobOptions.PodTTLSecondsAfterFinished = new(int64(60))
				return opts
			}
			w.Now = func() time.Time { return ended.Add(20 * time.Second) }
			w.step(t, "a", "one")
			end(t, w)
			before := w.workflow(t, "a", "one")
			require.NotEmpty(t, w.runs(t, "a"))
			result, err := w.reconcile(t, "a", "one")
			require.NoError(t, err)
			assert.Equal(t, 40*time.Second, result.RequeueAfter)

			w.Now = func() time.Time { return ended.Add(60 * time.Second) }
			for range 2 {
				w.step(t, "a", "one")
				assert.Empty(t, w.runs(t, "a"))
				assert.Equal(t, before, w.workflow(t, "a", "one"))
			}
		})
	}
}

// TestWhatIsAwaitedDoesNotExpire: the harvest of a run that has ended may still be on its way.
func TestWhatIsAwaitedDoesNotExpire(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	w.succeed(t, w.run(t, "a", "a", "one"))
	status := w.workflow(t, "a", "one")
	f := w.flow(t.Context(), w.object(w.thing(t, "a", "one")), w.promise(t), workflow.Kind{Type: workflow.Resource, Action: workflow.Configure})
	own, err := f.runs(t.Context(), status.Pipelines[0])
	require.NoError(t, err)
	w.Options = func() plan.Options {
		opts := plan.Defaults()
		opts.Config.Workflows.JobOptions.PodTTLSecondsAfterFinished = new(int64(1))
		return opts
	}
	_, err = f.expire(t.Context(), own, status)
	require.NoError(t, err)
	assert.Len(t, w.runs(t, "a"), 1)
}
