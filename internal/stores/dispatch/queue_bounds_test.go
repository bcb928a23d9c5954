// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// answering is a store that answers at once, and keeps how many changes each batch had.
type answering struct {
	statestore.Store
	answer func(ctx context.Context, changes int) error
	sizes  []int
}

func (a *answering) Apply(ctx context.Context, changes []statestore.Change) []statestore.Outcome {
	a.sizes = append(a.sizes, len(changes))
	return statestore.All(len(changes), a.answer(ctx, len(changes)))
}

// TestQueueWeighs: a batch has at most one change more than fits on the disk.
func TestQueueWeighs(t *testing.T) {
	store := &answering{answer: func(context.Context, int) error { return nil }}
	q := NewQueue(store, 100, time.Minute)
	written := 0
	submit := func(id int, bytes ...int64) {
		c := statestore.Change{ID: fmt.Sprint(id)}
		for _, n := range bytes {
			c.Files = append(c.Files, statestore.File{Bytes: n})
		}
		q.Submit(DraftOf(c), func(o statestore.Outcome) { require.NoError(t, o.Err); written++ })
	}
	for i := range 10 {
		submit(i, 20<<20, 10<<20)
	}
	submit(10, 1<<40) // larger than any batch
	for i := range 90 {
		submit(11+i, 0)
	}
	for q.waiting() > 0 {
		q.apply(t.Context())
	}
	assert.Equal(t, 101, written)
	assert.Equal(t, []int{3, 3, 3, 2, 90}, store.sizes)
}

// TestQueueHalves: after a batch that took too long, the next ones are smaller, and every change
// is written.
func TestQueueHalves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &answering{answer: func(ctx context.Context, changes int) error {
			if changes > 5 {
				<-ctx.Done()
				return context.Cause(ctx)
			}
			return nil
		}}
		q := NewQueue(store, 100, time.Minute)
		written := map[int]bool{}
		var submit func(id int)
		submit = func(id int) {
			q.Submit(DraftOf(statestore.Change{ID: fmt.Sprint(id)}), func(o statestore.Outcome) {
				if o.Err == nil {
					written[id] = true
					return
				}
				require.ErrorIs(t, o.Err, context.DeadlineExceeded)
				require.ErrorContains(t, o.Err, "a batch took more than 1m0s")
				submit(id) // as a WorkPlacement is tried again
			})
		}
		for i := range 100 {
			submit(i)
		}
		for q.waiting() > 0 {
			q.apply(t.Context())
		}
		assert.Len(t, written, 100)
		assert.Equal(t, []int{100, 50, 25, 12, 6, 3, 4, 5, 6, 3}, store.sizes[:10], "and it dares more when that went well")
	})
}

// TestQueuePauses: while the server wants no requests it gets none, and after that it gets
// everything.
func TestQueuePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var asked []time.Duration
		store := &answering{answer: func(context.Context, int) error {
			asked = append(asked, time.Since(begin))
			if len(asked) == 1 {
				return fmt.Errorf("bucket: %w", &statestore.Pause{Until: begin.Add(90 * time.Second), Said: "SlowDown"})
			}
			return nil
		}}
		q := NewQueue(store, 100, time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { q.Run(ctx); close(ended) }()
		outcomes := make(chan error, 3)
		submit := func(id string) {
			q.Submit(DraftOf(statestore.Change{ID: id}), func(o statestore.Outcome) { outcomes <- o.Err })
		}
		submit("a")
		require.ErrorContains(t, <-outcomes, "SlowDown")
		submit("a")
		submit("b")
		require.NoError(t, <-outcomes)
		require.NoError(t, <-outcomes)
		assert.Equal(t, []time.Duration{0, 90 * time.Second}, asked)
		assert.Equal(t, []int{1, 2}, store.sizes)
		cancel()
		<-ended
	})
}

// TestQueueEndsInAPause: a queue that ends during a pause does not wait for the end of the pause.
func TestQueueEndsInAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &answering{answer: func(context.Context, int) error { return &statestore.Pause{Until: time.Now().Add(time.Hour)} }}
		q := NewQueue(store, 100, time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { q.Run(ctx); close(ended) }()
		outcomes := make(chan error, 2)
		begin := time.Now()
		q.Submit(DraftOf(statestore.Change{ID: "a"}), func(o statestore.Outcome) { outcomes <- o.Err })
		require.ErrorAs(t, <-outcomes, new(*statestore.Pause))
		q.Submit(DraftOf(statestore.Change{ID: "a"}), func(o statestore.Outcome) { outcomes <- o.Err })
		cancel()
		<-ended
		require.ErrorIs(t, <-outcomes, context.Canceled)
		assert.Zero(t, time.Since(begin))
	})
}
