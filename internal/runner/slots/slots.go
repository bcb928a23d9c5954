// SPDX-License-Identifier: Apache-2.0

// Package slots bounds how many runs are active at once, in total and in a namespace. Objects
// that wait for a slot take turns, Promise by Promise.
package slots

import (
	"fmt"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// Claim is an object that may have one active run.
type Claim struct {
	// Promise is whose turn it is.
	Promise string
	// Namespace is where the run is. When the Promise chooses another one, the claim moves there.
	Namespace string
	// Object is the request or the Job; empty for the Promise itself.
	Object types.NamespacedName
	// Job tells that Object is a Job: it is one object, whichever Promise its labels name at the moment.
	Job bool
}

// owner has at most one claim, in whatever namespace.
type owner struct {
	promise string
	object  types.NamespacedName
}

func (c Claim) owner() owner {
	if c.Job {
		return owner{object: c.Object}
	}
	return owner{c.Promise, c.Object}
}

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
	// beyond counts those that are more than a namespace may have. They do not count in the total:
	// whoever has got them must not take the slots of other namespaces.
	beyond  int
	waiting []Claim // the longest first
}

// New has all slots free. When a slot becomes free for an object that was told to hold, Slots
// keeps it for that object and calls wake, without waiting for it.
func New(limits Limits, wake func(Claim)) *Slots {
	return &Slots{limits: limits, wake: wake, taken: map[owner]Claim{}, there: map[string]int{}, of: map[string]int{}}
}

// Seed takes, once, the slots of the runs that were there before this process, also beyond the
// limits. All callers wait until they are known. After an error the next call tries again.
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
	for _, c := range claims {
		s.Take(c)
	}
	s.seeded = true
	return nil
}

// Hold says why an object may not start a run now, for people. If it may, the answer is
// empty and the slot is taken until Release.
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
		s.leave(c.owner()) // it has waited for another namespace or Promise
		s.waiting = append(s.waiting, c)
	}
	return why
}

// Take is for an object that has an active run, from before a restart maybe: it has a slot,
// also beyond the limits.
func (s *Slots) Take(c Claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(c)
}

// Release is for an object that has no active run and does not wait for one, in whatever
// namespace.
func (s *Slots) Release(c Claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(c.owner())
	s.give(c.owner())
	s.call()
}

// Clear is for a Promise of which there are no requests any more. One that went while nobody
// watched its kind has not released its slot.
func (s *Slots) Clear(promise string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := func(c Claim) bool { return c.Promise == promise && c.Object.Name != "" }
	s.waiting = slices.DeleteFunc(s.waiting, of)
	for o, c := range s.taken {
		if of(c) {
			s.give(o)
		}
	}
	s.call()
}

// Active is how many slots are taken, and how many objects wait for one.
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
	if s.crowded(c.Namespace) {
		s.beyond++
	}
	s.there[c.Namespace]++
	s.of[c.Promise]++
}

// give frees a slot, and tells whether the owner had one.
func (s *Slots) give(o owner) bool {
	c, ok := s.taken[o]
	if ok {
		delete(s.taken, o)
		s.there[c.Namespace]--
		s.of[c.Promise]--
		if s.crowded(c.Namespace) {
			s.beyond--
		}
	}
	return ok
}

// crowded tells whether a namespace has all that it may have.
func (s *Slots) crowded(namespace string) bool {
	return s.limits.PerNamespace > 0 && s.there[namespace] >= s.limits.PerNamespace
}

// leave takes an owner out of the queue.
func (s *Slots) leave(o owner) {
	s.waiting = slices.DeleteFunc(s.waiting, func(w Claim) bool { return w.owner() == o })
}

// call gives the free slots to objects that wait: first to the Promise that has the fewest.
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
	switch {
	case s.limits.Total > 0 && len(s.taken)-s.beyond >= s.limits.Total:
		return fmt.Sprintf("Waiting for a free slot: %d of %d runs are active", len(s.taken), s.limits.Total)
	case s.crowded(c.Namespace):
		return fmt.Sprintf("Waiting for a free slot: %d of %d runs are active in namespace %s", s.there[c.Namespace], s.limits.PerNamespace, c.Namespace)
	}
	return ""
}
