// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// Draft is a change that is made when its batch leaves, of what is known by then.
type Draft struct {
	// ID is that of the change.
	ID string
	// Make is called at most once. Its error fails this change and no other.
	Make func(ctx context.Context) (statestore.Change, error)
}

// DraftOf is the draft of a change that is made already.
func DraftOf(c statestore.Change) Draft {
	return Draft{c.ID, func(context.Context) (statestore.Change, error) { return c, nil }}
}

// Queue holds the changes that wait for one State Store. While one batch is written, the next one
// gathers. Run and apply are in dispatch.go.
type Queue struct {
	store   statestore.Store
	limit   int
	timeout time.Duration

	// most is how many changes a batch has at most now, and paused is when the next batch may
	// leave. Only the goroutine of Run uses them.
	most   int
	paused time.Time

	mu      sync.Mutex
	pending map[string]*entry
	order   []*entry
	some    chan struct{} // has an element after Submit
}

const (
	// batchLimit is how many changes go to a State Store at once.
	batchLimit = 1000
	// batchBytes is how large the files of a batch are together; the last change may exceed it.
	// All of them may be on the disk at the same time, and go to the server in one request.
	batchBytes = 64 << 20
)

// entry is a draft, and all that wait for its outcome.
type entry struct {
	draft   Draft
	done    []func(statestore.Outcome)
	outcome statestore.Outcome
}

// NewQueue has batches of at most limit changes and about 64 MiB of files. Each batch may take as
// long as timeout. After one that took longer, a batch has fewer changes.
func NewQueue(store statestore.Store, limit int, timeout time.Duration) *Queue {
	return &Queue{store: store, limit: limit, most: limit, timeout: timeout, pending: map[string]*entry{}, some: make(chan struct{}, 1)}
}

// Submit takes a draft and returns at once. A draft that waits is replaced by a later one with the
// same ID, and whoever waits for the first gets the outcome of the second. The goroutine of Run
// makes the change, and calls done once; done must not block.
func (q *Queue) Submit(draft Draft, done func(statestore.Outcome)) {
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

// waiting is how many changes wait. Those of the batch that is being written do not.
func (q *Queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.order)
}

// awaitChange returns when a change waits and the server wants it, or, with false, when ctx ends.
func (q *Queue) awaitChange(ctx context.Context) bool {
	pause := time.NewTimer(time.Until(q.paused))
	defer pause.Stop()
	select {
	case <-ctx.Done():
	case <-pause.C:
	}
	for q.waiting() == 0 && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-q.some:
		}
	}
	return ctx.Err() == nil
}

// next takes the first entry out of the queue, or returns nil.
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

// batch is what is written together. An entry whose change cannot be made has an outcome at once.
type batch struct {
	entries []*entry
	changes []statestore.Change
	of      []*entry // of each change
}

// gather makes changes until the batch has enough of them.
func (q *Queue) gather(ctx context.Context) batch {
	var b batch
	for bytes := int64(0); len(b.entries) < q.most && bytes < batchBytes; {
		e := q.next()
		if e == nil {
			break
		}
		b.entries = append(b.entries, e)
		c, err := e.draft.Make(ctx)
		if err != nil {
			e.outcome.Err = err
			continue
		}
		b.changes, b.of = append(b.changes, c), append(b.of, e)
		for _, f := range c.Files {
			bytes += f.Bytes
		}
	}
	return b
}

// pause keeps the next batch back if the server asks for that.
func (q *Queue) pause(err error) {
	if pause, ok := errors.AsType[*statestore.Pause](err); ok && pause.Until.After(q.paused) {
		q.paused = pause.Until
	}
}

// resize halves the next batch after one that took too long, and makes it a quarter larger after
// any other one: 100, 50, 62, 77, 96, 100.
func (q *Queue) resize(tooLong bool, changes int) {
	if tooLong {
		q.most = max(1, changes/2)
		return
	}
	q.most = min(q.limit, q.most+max(1, q.most/4))
}

func (e *entry) tell() {
	for _, done := range e.done {
		done(e.outcome)
	}
}
