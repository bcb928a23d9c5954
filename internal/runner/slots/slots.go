// SPDX-License-Identifier: Apache-2.0

// Package slots bounds how many runs are active at once, in total and in a namespace,
// and lets those who wait take turns, Promise by Promise.
package slots

import (
	"fmt"
	"slices"
	"sync"
)

// Claim is an object that may have one active run.
type Claim struct {
	// Promise is whose turn it is; Namespace is where the run is. A Promise may choose
	// another one, and the claim then moves there.
	Promise, Namespace string
	// Object tells claims of one Promise apart.
	Object string
}

// owner is who has a claim, wherever it is.
type owner struct{ promise, object string }

func (c Claim) owner() owner { return owner{c.Promise, c.Object} }

// Limits are how many runs may be active; 0 is no limit.
type Limits struct{ Total, PerNamespace int }

// Slots may be used by several goroutines.
type Slots struct {
	limits Limits
	// wake asks for another look at an object that may now have its slot.
	wake func(Claim)

	seeding sync.Mutex
	seeded  bool

	mu    sync.Mutex
	taken map[owner]Claim
	// there and of count the taken ones by namespace and by Promise.
	there, of map[string]int
	waiting   []Claim // the longest first
}

// New has all slots free. It calls wake, without waiting for it, when a slot has become
// free for an object that was told to hold; the slot is kept for it until Settle.
func New(limits Limits, wake func(Claim)) *Slots {
	return &Slots{limits: limits, wake: wake, taken: map[owner]Claim{}, there: map[string]int{}, of: map[string]int{}}
}

// Seed takes the slots of runs that were there before, once: whoever asks for a slot waits
// until they are known. They count beyond the limits, too. If they cannot be read now the
// next call tries again.
func (s *Slots) Seed(there func() ([]Claim, error)) error {
	s.seeding.Lock()
	defer s.seeding.Unlock()
	if s.seeded {
		return nil
	}
	claims, err := there()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range claims {
		s.take(c)
	}
	s.seeded = true
	return nil
}

// Hold says why an object may not start a run now, for people. If it may, the answer is
// empty and the slot is taken until Settle gives it back.
func (s *Slots) Hold(c Claim) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[c.owner()] == c {
		return ""
	}
	if s.give(c.owner()) { // it is elsewhere
		s.call()
	}
	why := s.full(c)
	if why == "" && !slices.Contains(s.waiting, c) {
		for _, other := range s.waiting {
			if s.full(other) == "" {
				why = "Waiting for a free slot: others are first"
				break
			}
		}
	}
	if why == "" {
		s.take(c)
		return ""
	}
	if !slices.Contains(s.waiting, c) {
		s.waiting = append(s.waiting, c)
	}
	return why
}

// Settle says whether the object has an active run now. If it has none, it does not wait
// for one either, wherever that was to be.
func (s *Slots) Settle(c Claim, active bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if active {
		s.take(c) // also beyond the limit: it is there, from before a restart maybe
		return
	}
	s.leave(c.owner())
	s.give(c.owner())
	s.call()
}

// Active is how many slots are taken, and Waiting how many objects wait for one.
func (s *Slots) Active() (active, waiting int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.taken), len(s.waiting)
}

func (s *Slots) take(c Claim) {
	s.leave(c.owner())
	if s.taken[c.owner()] == c {
		return
	}
	s.give(c.owner())
	s.taken[c.owner()] = c
	s.there[c.Namespace]++
	s.of[c.Promise]++
}

// give frees a slot, and tells whether there is one.
func (s *Slots) give(o owner) bool {
	c, ok := s.taken[o]
	if ok {
		delete(s.taken, o)
		s.there[c.Namespace]--
		s.of[c.Promise]--
	}
	return ok
}

// leave takes an owner out of the queue.
func (s *Slots) leave(o owner) {
	s.waiting = slices.DeleteFunc(s.waiting, func(w Claim) bool { return w.owner() == o })
}

// call gives the free slots to those who wait: first to the Promise that has the fewest.
func (s *Slots) call() {
	for {
		next := -1
		for i, c := range s.waiting {
			if s.full(c) == "" && (next < 0 || s.of[c.Promise] < s.of[s.waiting[next].Promise]) {
				next = i
			}
		}
		if next < 0 {
			return
		}
		c := s.waiting[next]
		s.take(c)
		go s.wake(c)
	}
}

func (s *Slots) full(c Claim) string {
	there := s.there[c.Namespace]
	switch {
	case s.limits.Total > 0 && len(s.taken) >= s.limits.Total:
		return fmt.Sprintf("Waiting for a free slot: %d of %d runs are active", len(s.taken), s.limits.Total)
	case s.limits.PerNamespace > 0 && there >= s.limits.PerNamespace:
		return fmt.Sprintf("Waiting for a free slot: %d of %d runs are active in namespace %s", there, s.limits.PerNamespace, c.Namespace)
	}
	return ""
}
