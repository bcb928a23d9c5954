// SPDX-License-Identifier: Apache-2.0

package slots_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

func named(object string) types.NamespacedName {
	return types.NamespacedName{Namespace: "shop", Name: object}
}

func claim(promise, object string) slots.Claim {
	return slots.Claim{Promise: promise, Namespace: "shop", Object: named(object)}
}

func TestNoLimit(t *testing.T) {
	s := slots.New(slots.Limits{}, func(slots.Claim) { t.Error("nobody waits") })
	for i := range 100 {
		assert.Empty(t, s.Hold(claim("a", fmt.Sprint(i))))
	}
}

func TestTurns(t *testing.T) {
	woken := make(chan slots.Claim, 8)
	s := slots.New(slots.Limits{Total: 2}, func(c slots.Claim) { woken <- c })
	assert.Empty(t, s.Hold(claim("a", "1")))
	assert.Empty(t, s.Hold(claim("a", "1")), "it has its slot already")
	assert.Empty(t, s.Hold(claim("a", "2")))
	for _, c := range []slots.Claim{claim("a", "3"), claim("a", "4"), claim("b", "1")} {
		assert.Equal(t, "Waiting for a free slot: 2 of 2 runs are active", s.Hold(c))
	}
	active, waiting := s.Active()
	assert.Equal(t, []int{2, 3}, []int{active, waiting})

	s.Release(claim("a", "1"))
	assert.Equal(t, claim("b", "1"), <-woken, "the Promise with the fewest runs is next")
	assert.NotEmpty(t, s.Hold(claim("a", "5")), "the slot is kept for the one that was called")
	assert.Empty(t, s.Hold(claim("b", "1")))

	s.Release(claim("a", "2"))
	assert.Equal(t, claim("a", "3"), <-woken, "of one Promise, who has waited longest")
	s.Release(claim("a", "4")) // deleted while it waited
	s.Release(claim("a", "3")) // has changed its mind
	assert.Equal(t, claim("a", "5"), <-woken)
}

func TestNamespaces(t *testing.T) {
	s := slots.New(slots.Limits{Total: 9, PerNamespace: 1}, func(slots.Claim) {})
	assert.Empty(t, s.Hold(slots.Claim{Namespace: "shop", Object: named("1")}))
	assert.Equal(t, "Waiting for a free slot: 1 of 1 runs are active in namespace shop", s.Hold(slots.Claim{Namespace: "shop", Object: named("2")}))
	assert.Empty(t, s.Hold(slots.Claim{Namespace: "bank", Object: named("3")}), "a full namespace holds up no other one")
}

func TestAClaimMoves(t *testing.T) {
	woken := make(chan slots.Claim)
	s := slots.New(slots.Limits{PerNamespace: 1}, func(c slots.Claim) { woken <- c })
	assert.Empty(t, s.Hold(slots.Claim{Namespace: "shop", Object: named("1")}))
	assert.NotEmpty(t, s.Hold(slots.Claim{Namespace: "shop", Object: named("2")}))
	assert.Empty(t, s.Hold(slots.Claim{Namespace: "bank", Object: named("1")}))
	assert.Equal(t, slots.Claim{Namespace: "shop", Object: named("2")}, <-woken, "the first one's slot is free")
	assert.NotEmpty(t, s.Hold(slots.Claim{Namespace: "bank", Object: named("3")}))
	s.Release(slots.Claim{Namespace: "anywhere", Object: named("1")})
	assert.Equal(t, slots.Claim{Namespace: "bank", Object: named("3")}, <-woken)
	active, waiting := s.Active()
	assert.Equal(t, []int{2, 0}, []int{active, waiting})
}

// TestAJobIsOne, whichever Promises its labels name.
func TestAJobIsOne(t *testing.T) {
	s := slots.New(slots.Limits{Total: 2}, func(slots.Claim) {})
	job := func(promise, name string) slots.Claim {
		return slots.Claim{Promise: promise, Namespace: "shop", Object: named(name), Job: true}
	}
	s.Take(job("a", "1"))
	s.Take(job("b", "1"))
	assert.Empty(t, s.Hold(job("c", "1")))
	assert.Empty(t, s.Hold(job("a", "2")))
	for _, promise := range []string{"a", "b", "c"} {
		assert.NotEmpty(t, s.Hold(job(promise, "3")))
	}
	active, waiting := s.Active()
	assert.Equal(t, []int{2, 1}, []int{active, waiting})
	for _, name := range []string{"1", "2", "3"} {
		s.Release(job("any", name))
	}
	active, waiting = s.Active()
	assert.Zero(t, active+waiting)
}

// TestClear frees the slots of a Promise's requests, and takes those that wait out of the queue. The
// Promise itself may have a run.
func TestClear(t *testing.T) {
	woken := make(chan slots.Claim, 8)
	s := slots.New(slots.Limits{Total: 3}, func(c slots.Claim) { woken <- c })
	own := slots.Claim{Promise: "a", Namespace: "shop"}
	for _, c := range []slots.Claim{own, claim("a", "1"), claim("a", "2")} {
		assert.Empty(t, s.Hold(c))
	}
	assert.NotEmpty(t, s.Hold(claim("a", "3")))
	assert.NotEmpty(t, s.Hold(claim("b", "1")))
	s.Clear("a")
	assert.Equal(t, claim("b", "1"), <-woken)
	active, waiting := s.Active()
	assert.Equal(t, []int{2, 0}, []int{active, waiting})
}

func TestRunsFromBeforeARestartCount(t *testing.T) {
	s := slots.New(slots.Limits{Total: 1}, func(slots.Claim) {})
	s.Take(claim("a", "1"))
	s.Take(claim("a", "2"))
	assert.Equal(t, "Waiting for a free slot: 2 of 1 runs are active", s.Hold(claim("a", "3")))
}

// TestRunsBeyondTheLimitOfTheirNamespace, from before a restart or because a tenant has forged what
// they are, take no slot of another namespace.
func TestRunsBeyondTheLimitOfTheirNamespace(t *testing.T) {
	s := slots.New(slots.Limits{Total: 3, PerNamespace: 2}, func(slots.Claim) {})
	in := func(namespace string, i int) slots.Claim {
		return slots.Claim{Namespace: namespace, Object: types.NamespacedName{Namespace: namespace, Name: fmt.Sprint(i)}}
	}
	for i := range 9 {
		s.Take(in("evil", i))
	}
	assert.Equal(t, "Waiting for a free slot: 9 of 2 runs are active in namespace evil", s.Hold(in("evil", 9)))
	assert.Empty(t, s.Hold(in("shop", 1)))
	assert.Equal(t, "Waiting for a free slot: 10 of 3 runs are active", s.Hold(in("shop", 2)))
	for i := range 9 {
		s.Release(in("evil", i))
	}
	assert.Empty(t, s.Hold(in("shop", 2)))
	assert.Equal(t, "Waiting for a free slot: 3 of 3 runs are active", s.Hold(in("bank", 1)))
}

// TestNobodyIsForgotten lets objects come and go at random: each that waits is called in the end.
func TestNobodyIsForgotten(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	woken := make(chan slots.Claim, 1000)
	s := slots.New(slots.Limits{Total: 3, PerNamespace: 2}, func(c slots.Claim) { woken <- c })
	var running []slots.Claim
	held := map[slots.Claim]bool{}
	for i := range 300 {
		c := slots.Claim{Promise: fmt.Sprint(i % 4), Namespace: fmt.Sprint(i % 3), Object: named(fmt.Sprint(i))}
		if s.Hold(c) == "" {
			running = append(running, c)
		} else {
			held[c] = true
		}
		if len(running) > 0 && random.IntN(2) == 0 {
			s.Release(running[0])
			running = running[1:]
		}
	}
	for len(held) > 0 {
		if len(running) > 0 {
			s.Release(running[0])
			running = running[1:]
			continue
		}
		c := <-woken
		require.True(t, held[c], "seed %d", seed)
		require.Empty(t, s.Hold(c), "seed %d", seed)
		delete(held, c)
		running = append(running, c)
	}
}
