// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Queue groups the changes of a store: while one batch is on its way, the next gathers.
type Queue struct {
	store Store
	// limit is how many changes go out at once.
	limit   int
	timeout time.Duration

	// most is how many go out at once now, and paused is until when none do. They are Run's.
	most   int
	paused time.Time

	mu      sync.Mutex
	pending map[string]*entry
	order   []*entry
	some    chan struct{}
}

// batchBytes is how large the files of a batch are together; one more change may exceed it.
// They may all be on the disk at the same time, and go to the server in one request.
const batchBytes = 64 << 20

type entry struct {
	draft Draft
	done  []func(Outcome)
}

// NewQueue has batches of at most limit changes and about 64 MiB of files, each of which may
// take that long. After one that took longer, fewer changes go out at once.
func NewQueue(store Store, limit int, timeout time.Duration) *Queue {
	return &Queue{store: store, limit: limit, most: limit, timeout: timeout, pending: map[string]*entry{}, some: make(chan struct{}, 1)}
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
	for q.wait(ctx) {
		q.apply(ctx)
	}
	for e := q.next(); e != nil; e = q.next() {
		e.tell(Outcome{Err: ctx.Err()})
	}
}

// wait is until something is pending and the server wants it, or, with false, until ctx ends.
func (q *Queue) wait(ctx context.Context) bool {
	pause := time.NewTimer(time.Until(q.paused))
	defer pause.Stop()
	select {
	case <-ctx.Done():
	case <-pause.C:
	}
	for q.Pending() == 0 && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-q.some:
		}
	}
	return ctx.Err() == nil
}

// next takes the first that is pending, or nil.
func (q *Queue) next() *entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		return nil
	}
	e := q.order[0]
	q.order[0] = nil
	q.order = q.order[1:]
	delete(q.pending, e.draft.ID)
	return e
}

// batch is what leaves together.
type batch struct {
	entries  []*entry
	outcomes []Outcome
	changes  []Change
	of       []int // index in entries, of each change
}

func (q *Queue) gather(ctx context.Context) batch {
	var b batch
	for bytes := int64(0); len(b.entries) < q.most && bytes < batchBytes; {
		e := q.next()
		if e == nil {
			break
		}
		c, err := e.draft.Make(ctx)
		b.entries, b.outcomes = append(b.entries, e), append(b.outcomes, Outcome{Err: err})
		if err != nil {
			continue
		}
		b.changes, b.of = append(b.changes, c), append(b.of, len(b.entries)-1)
		for _, f := range c.Files {
			bytes += f.Bytes
		}
	}
	return b
}

func (q *Queue) apply(ctx context.Context) {
	ctx, cancel := context.WithTimeoutCause(ctx, q.timeout, fmt.Errorf("%w: a batch took more than %s", context.DeadlineExceeded, q.timeout))
	defer cancel()
	b := q.gather(ctx)
	for k, o := range q.store.Apply(ctx, b.changes) {
		b.outcomes[b.of[k]] = o
		if release := b.changes[k].Release; release != nil {
			release()
		}
		if pause, ok := errors.AsType[*Pause](o.Err); ok && pause.Until.After(q.paused) {
			q.paused = pause.Until
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		q.most = max(1, len(b.changes)/2)
	} else {
		q.most = min(q.limit, q.most+max(1, q.most/4))
	}
	for i, e := range b.entries {
		e.tell(b.outcomes[i])
	}
}

func (e *entry) tell(o Outcome) {
	for _, done := range e.done {
		done(o)
	}
}
