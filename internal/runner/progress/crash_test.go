// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lives are what happens to an object, in order; between two things the runner and
// the engine do all they can.
var lives = map[string][]func(*world){
	"undisturbed":                {},
	"spec changes":               {func(w *world) { w.edit(1) }, func(w *world) { w.edit(2) }},
	"no pipelines":               {func(w *world) { w.edit(3) }, func(w *world) { w.edit(0) }},
	"manual":                     {put(LabelManual), put(LabelManual)},
	"run from start":             {put(LabelRunFromStart)},
	"both labels":                {func(w *world) { put(LabelRunFromStart)(w); put(LabelManual)(w) }},
	"interval":                   {wait(time.Hour)},
	"pause":                      {put(LabelPaused), drop(LabelPaused)},
	"held by a label":            {put(LabelSuspended), func(w *world) { w.edit(1) }, drop(LabelSuspended)},
	"suspended":                  {suspend(Control{Suspend: true}), drop(LabelSuspended)},
	"suspended twice":            {suspend(Control{Suspend: true}, Control{Suspend: true}), drop(LabelSuspended), drop(LabelSuspended)},
	"retried":                    {suspend(Control{RetryAfter: time.Minute}), wait(time.Minute)},
	"suspended, then edited":     {suspend(Control{Suspend: true}), func(w *world) { w.edit(1) }},
	"suspended, then manual":     {suspend(Control{Suspend: true}), put(LabelManual)},
	"suspended, then paused":     {suspend(Control{Suspend: true}), put(LabelPaused), drop(LabelPaused)},
	"suspended, then deleted":    {suspend(Control{Suspend: true}), (*world).delete},
	"deleted":                    {(*world).delete},
	"deleted and suspended":      {func(w *world) { w.delete(); w.script = []Control{{Suspend: true}} }, drop(LabelSuspended)},
	"deleted while it runs":      {func(w *world) { w.edit(1) }, stopHalfway, (*world).delete},
	"edited while it runs":       {put(LabelManual), stopHalfway, func(w *world) { w.edit(1) }},
	"manual while it runs":       {func(w *world) { w.edit(1) }, stopHalfway, put(LabelManual)},
	"from start while it runs":   {func(w *world) { w.edit(1) }, stopHalfway, put(LabelRunFromStart)},
	"no pipelines while it runs": {func(w *world) { w.edit(1) }, stopHalfway, func(w *world) { w.edit(3) }},
}

func put(key string) func(*world)  { return func(w *world) { w.setLabel(key) } }
func drop(key string) func(*world) { return func(w *world) { w.dropLabel(key) } }

func wait(d time.Duration) func(*world) {
	return func(w *world) { w.now = w.now.Add(d); w.woken = true }
}

func suspend(controls ...Control) func(*world) {
	return func(w *world) { w.script = controls; w.setLabel(LabelManual) }
}

// stopHalfway makes the next thing happen while a run is active.
func stopHalfway(w *world) { w.halfway = true }

// TestEveryCrash crashes every life before each of its actions, once, and demands the
// end that it has without a crash.
func TestEveryCrash(t *testing.T) {
	for name, events := range lives {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			undisturbed, total := lead(t, events, -1)
			require.NotZero(t, total)
			for at := range total {
				w, _ := lead(t, events, at)
				assert.Equal(t, len(undisturbed.created), len(w.created), "the runs, crash before action %d:\n%s", at, w)
			}
		})
	}
}

// lead runs a life with one crash, and counts the actions.
func lead(t *testing.T, events []func(*world), crash int) (*world, int) {
	t.Helper()
	w, total := newWorld(func(int) int { return 0 }), 0
	w.talks, w.deletes = true, []string{"d", "e"}
	x := &executor{world: w, disturb: func() {}, crash: func() bool { total++; return total-1 == crash }}
	err := guarded(func() error {
		w.workOn(x)
		for _, event := range events {
			event(w)
			w.workOn(x)
		}
		return settle(x)
	})
	require.NoError(t, err, "crash before action %d:\n%s", crash, w)
	return w, total
}

// workOn lets controller and engine work until nothing moves, or a run is halfway.
func (w *world) workOn(x *executor) {
	halfway := w.halfway
	w.halfway = false
	for range 40 {
		x.reconcile()
		if halfway && len(w.active()) > 0 {
			return
		}
		w.engine(true)
	}
}
