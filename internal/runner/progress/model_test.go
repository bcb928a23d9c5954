// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

var seed = flag.Uint64("seed", 0, "run only this sequence of TestWorld")

const sequences = 3000

// TestWorld runs random lives of an object, with crashes and disturbances between any
// two actions, and demands the right end of each.
func TestWorld(t *testing.T) {
	t.Parallel()
	first, last := uint64(1), uint64(sequences)
	if *seed != 0 {
		first, last = *seed, *seed
	}
	for n := first; n <= last; n++ {
		again := newWorld(chance(n))
		if guarded(func() error { return live(newWorld(chance(n)), nil) }) != nil {
			again.talks = true
			err := guarded(func() error { return live(again, nil) })
			require.NoError(t, err, "go test -run TestWorld -seed %d\n%s", n, again)
		}
	}
}

// FuzzWorld lets the fuzzer choose what happens.
func FuzzWorld(f *testing.F) {
	f.Add([]byte("a life without surprises"))
	f.Fuzz(func(t *testing.T, choices []byte) {
		w := newWorld(func(n int) int {
			if len(choices) == 0 {
				return 0
			}
			c := int(choices[0]) % n
			choices = choices[1:]
			return c
		})
		w.talks = true
		require.NoError(t, guarded(func() error { return live(w, nil) }), w)
	})
}

func chance(seed uint64) func(int) int {
	rng := rand.New(rand.NewPCG(seed, 0))
	return rng.IntN
}

// guarded turns violations into errors.
func guarded(do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			broken, ok := v.(violation)
			if !ok {
				panic(v)
			}
			err = fmt.Errorf("%s", string(broken))
		}
	}()
	return do()
}

// live lets things happen for a while, lets everything come to rest, and looks.
func live(w *world, wrong func([]Action) []Action) error {
	choose := w.choose
	lossy := choose(5) == 0
	w.keepRuns = lossy
	x := &executor{
		world: w, wrong: wrong,
		crash: func() bool { return choose(8) == 0 },
		disturb: func() {
			if choose(10) == 0 {
				w.people()
			} else if choose(4) == 0 {
				w.engine(false)
			}
		},
	}
	for range 20 + choose(40) {
		switch n := choose(12); {
		case n < 2:
			w.people()
		case n < 6:
			w.engine(false)
		case n == 6 && lossy && choose(4) == 0:
			w.clobber()
		default:
			x.reconcile()
		}
	}
	x.crash, x.disturb = func() bool { return false }, func() {}
	return settle(x)
}

// settle removes all that keeps the object from its end, and lets it come there.
func settle(x *executor) error {
	w := x.world
	w.note("settles")
	w.full = false
	w.dropLabel(LabelPaused)
	for range 200 {
		outcome := x.reconcile()
		switch {
		case len(w.active()) > 0 || slices.ContainsFunc(slices.Collect(maps.Values(w.runs)), func(r *fakeRun) bool { return r.accepted }):
			w.engine(true)
		case outcome == Suspended:
			w.dropLabel(LabelSuspended)
		case outcome == Failed:
			w.setLabel(LabelManual)
		case outcome == Completed:
			return atRest(w)
		default:
			w.engine(true)
		}
	}
	return fmt.Errorf("never comes to rest")
}

// atRest compares the end with what was asked for.
func atRest(w *world) error {
	status, want := Read(w.status), w.wanted()
	var complaints []string
	complain := func(ok bool, format string, args ...any) {
		if !ok {
			complaints = append(complaints, fmt.Sprintf(format, args...))
		}
	}
	_, open := status.Current()
	complain(!open, "a pipeline is left: %+v", status)
	complain(status.Action == want.Action && slices.Equal(status.names(), want.Pipelines), "wrong workflow: %+v", status)
	complain(status.Trigger == "", "trigger %s is left", status.Trigger)
	complain(len(w.records) == 0, "records are left: %v", w.records)
	for _, p := range status.steps() {
		complain(w.delivered[p.Run] == 1, "%s has %d deliveries", p.Run, w.delivered[p.Run])
	}
	if want.Action == workflow.Configure {
		complain(status.Hash == want.Hash, "status is of %s, not of %s", status.Hash, want.Hash)
		complain(w.started > w.demand, "last started at %d, asked to at %d", w.started, w.demand)
		for _, key := range []string{LabelManual, LabelRunFromStart} {
			complain(w.labels[key] == "", "label %s is left", key)
		}
		complain(slices.Equal(slices.Sorted(maps.Keys(w.works)), slices.Sorted(slices.Values(want.Pipelines))), "works are %v", w.works)
		for _, p := range status.Pipelines {
			complain(w.works[p.Name] == p.Run, "the Work of %s is of %s, not of %s", p.Name, w.works[p.Name], p.Run)
			complain(w.status["from-"+p.Name] == p.Run, "the status of %s is of %v, not of %s", p.Name, w.status["from-"+p.Name], p.Run)
		}
		complain(GetCondition(w.status, ConditionConfigureCompleted).Status == isTrue, "conditions are %v", w.status["conditions"])
	}
	if len(complaints) > 0 {
		return fmt.Errorf("%v", complaints)
	}
	return nil
}
