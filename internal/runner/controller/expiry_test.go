// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// ended is when runs have, as succeed and fail say.
var ended = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// TestRunsExpire: podTTLSecondsAfterFinished is obeyed, and the workflow does not run again.
func TestRunsExpire(t *testing.T) {
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
			w.Options = expiring(60)
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

// expiring is the operator's podTTLSecondsAfterFinished.
func expiring(seconds int64) func() plan.Options {
	return func() plan.Options {
		opts := plan.Defaults()
		opts.Config.Workflows.JobOptions.PodTTLSecondsAfterFinished = new(seconds)
		return opts
	}
}

// TestRunsThatDoNotExpire: one that somebody awaits, because its harvest may still be on its way after it
// has ended; one that has not ended; and all of them if the time is 0.
func TestRunsThatDoNotExpire(t *testing.T) {
	for name, c := range map[string]struct {
		ended   bool
		awaited bool
		seconds int64
		left    int
	}{
		"awaited":                 {ended: true, awaited: true, seconds: 1, left: 1},
		"running":                 {seconds: 1, left: 1},
		"ended, and 0 is never":   {ended: true, left: 1},
		"ended, and nobody waits": {ended: true, seconds: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
			w.step(t, "a", "one")
			if c.ended {
				w.succeed(t, w.run(t, "a", "a", "one"))
			}
			status := w.workflow(t, "a", "one")
			f := w.flow(t.Context(), w.object(w.thing(t, "a", "one")), w.promise(t), workflow.Kind{Type: workflow.Resource, Action: workflow.Configure})
			own, err := f.runs(t.Context(), status.Pipelines[0])
			require.NoError(t, err)
			require.Len(t, own, 1)
			if !c.awaited {
				status = progress.Status{}
			}
			w.Options = expiring(c.seconds)
			w.Now = func() time.Time { return ended.Add(time.Hour) }
			next, err := f.expire(t.Context(), own, status)
			require.NoError(t, err)
			assert.Zero(t, next)
			assert.Len(t, w.runs(t, "a"), c.left)
		})
	}
}
