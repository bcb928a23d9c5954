// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"context"
	"sync"
	"time"
)

// Queue groups the changes of a store: while one batch is on its way, the next gathers.
type Queue struct {
	store Store
	// limit is how many changes go out at once.
	limit   int
	timeout time.Duration

	mu      sync.Mutex
	pending map[string]*entry
	order   []*entry
	some    chan struct{}
}

type entry struct {
	draft Draft
	done  []func(Outcome)
}

// NewQueue has batches of at most limit changes, each of which may take that long.
func NewQueue(store Store, limit int, timeout time.Duration) *Queue {
	return &Queue{store: store, limit: limit, timeout: timeout, pending: map[string]*entry{}, some: make(chan struct{}, 1)}
}

// Submit takes a draft and returns at once. One that still waits is replaced by a later
// one with the same ID, and gets the outcome of that. The change is made, and done called
// once, by the goroutine of Run; done must not block.
func (q *Queue) Submit(draft Draft, done func(Outcome)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.pending[draft.ID]
	if e == nil {
		e = &entry{}
		q.pending[draft.ID] = e
		q.order = append(q.order, e)
	}
	e.draft = draft
	e.done = append(e.done, done)
	select {
	case q.some <- struct{}{}:
	default:
	}
}

// Pending is how many changes wait, without those that are on their way.
func (q *Queue) Pending() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.order)
}

// Run writes what is submitted until ctx ends. What is pending then is told ctx's error,
// and so is what is submitted later, if Run is called again.
func (q *Queue) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if batch := q.take(); len(batch) > 0 {
			q.apply(ctx, batch)
			continue
		}
		select {
		case <-ctx.Done():
		case <-q.some:
		}
	}
	for batch := q.take(); len(batch) > 0; batch = q.take() {
		tell(batch, All(len(batch), ctx.Err()))
	}
}

func (q *Queue) take() []*entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(q.limit, len(q.order))
	batch := q.order[:n:n]
	q.order = q.order[n:]
	for _, e := range batch {
		delete(q.pending, e.draft.ID)
	}
	return batch
}

func (q *Queue) apply(ctx context.Context, batch []*entry) {
	ctx, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	outcomes := make([]Outcome, len(batch))
	var changes []Change
	var of []int // index in batch
	for i, e := range batch {
		c, err := e.draft.Make(ctx)
		if err != nil {
			outcomes[i].Err = err
			continue
		}
		changes, of = append(changes, c), append(of, i)
	}
	for k, o := range q.store.Apply(ctx, changes) {
		outcomes[of[k]] = o
		if release := changes[k].Release; release != nil {
			release()
		}
	}
	tell(batch, outcomes)
}

func tell(batch []*entry, outcomes []Outcome) {
	for i, e := range batch {
		for _, done := range e.done {
			done(outcomes[i])
		}
	}
}
