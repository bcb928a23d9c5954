// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"slices"
	"sync"
)

// seats are a fixed number of places for peers. No peer waits for a seat. When all are
// taken, a new one gets the seat of another that is not kept. So a peer that takes many
// seats and does nothing with them only drives itself out.
type seats struct {
	limit int
	mu    sync.Mutex
	taken []*seat // the oldest first
}

// seat is one place. All its methods may be called more than once, and on nil.
type seat struct {
	of    *seats
	peer  string
	evict func()
	kept  bool
}

// take gives peer a seat. If all are taken, it evicts the oldest one of the peer that has
// the most, but none that is kept. It is nil if all are kept.
func (s *seats) take(peer string, evict func()) *seat {
	own := &seat{of: s, peer: peer, evict: evict}
	loser, ok := s.add(own)
	if !ok {
		return nil
	}
	if loser != nil {
		loser.evict()
	}
	return own
}

func (s *seats) add(own *seat) (loser *seat, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.taken) >= s.limit {
		if loser = s.loser(); loser == nil {
			return nil, false
		}
		s.remove(loser)
	}
	s.taken = append(s.taken, own)
	return loser, true
}

func (s *seats) loser() *seat {
	held := map[string]int{}
	for _, t := range s.taken {
		if !t.kept {
			held[t.peer]++
		}
	}
	var loser *seat
	for _, t := range s.taken {
		if !t.kept && (loser == nil || held[t.peer] > held[loser.peer]) {
			loser = t
		}
	}
	return loser
}

func (s *seats) remove(gone *seat) {
	s.taken = slices.DeleteFunc(s.taken, func(t *seat) bool { return t == gone })
}

// keep(true) protects the seat from being given to another peer, and keep(false) ends that.
// It tells whether the seat is still the peer's.
func (t *seat) keep(yes bool) bool {
	if t == nil {
		return true
	}
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	t.kept = yes
	return slices.Contains(t.of.taken, t)
}

func (t *seat) release() {
	if t == nil {
		return
	}
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	t.of.remove(t)
}
