// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWorldNoticesWrongOrders breaks the order of actions on purpose: the crashes of
// TestWorld must bring every one of these to light.
func TestWorldNoticesWrongOrders(t *testing.T) {
	status := func(a Action) bool { return a == Action(WriteStatus{}) }
	for name, wrong := range map[string]func([]Action) []Action{
		"record dropped before the status is written": before[DropRecord](status),
		"run submitted before the status is written":  before[Submit](status),
		"label removed before the status is written":  before[RemoveLabel](status),
		"label added after the status is written":     after[AddLabel](status),
		"Work written after the status":               after[TakeResults](status),
		"cleaned up after the status is written":      after[CleanUp](status),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var err error
			n := uint64(1)
			for ; n <= 3*sequences && err == nil; n++ {
				err = guarded(func() error { return live(newWorld(chance(n)), wrong) })
			}
			require.Error(t, err)
			t.Logf("sequence %d: %v", n-1, err)
		})
	}
}

// before moves the actions of a type in front of another one.
func before[A Action](of func(Action) bool) func([]Action) []Action {
	return func(actions []Action) []Action {
		at := slices.IndexFunc(actions, of)
		if at < 0 {
			return actions
		}
		var moved []Action
		for _, a := range actions[at:] {
			if _, ok := a.(A); ok {
				moved = append(moved, a)
			}
		}
		rest := slices.DeleteFunc(slices.Clone(actions[at:]), func(a Action) bool { _, ok := a.(A); return ok })
		return slices.Concat(actions[:at], moved, rest)
	}
}

// after moves the actions of a type behind another one.
func after[A Action](of func(Action) bool) func([]Action) []Action {
	return func(actions []Action) []Action {
		slices.Reverse(actions)
		actions = before[A](of)(actions)
		slices.Reverse(actions)
		return actions
	}
}
