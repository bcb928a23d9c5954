// SPDX-License-Identifier: Apache-2.0

package harvest

import "sync"

// places are those of uploads. A namespace gets one only if it has fewer than are free. So whoever
// sends slowly from one namespace takes half of them, and from two namespaces three quarters.
// Example: of 8 places one namespace gets 4, the next 2, and two more 1 each.
type places struct {
	limit int

	mu    sync.Mutex
	taken int
	of    map[string]int // by namespace
}

func newPlaces(limit int) *places { return &places{limit: limit, of: map[string]int{}} }

// take is false if the namespace gets no place now.
func (p *places) take(namespace string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[namespace] >= p.limit-p.taken {
		return false
	}
	p.of[namespace]++
	p.taken++
	return true
}

func (p *places) leave(namespace string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.of[namespace]--; p.of[namespace] == 0 {
		delete(p.of, namespace)
	}
}
