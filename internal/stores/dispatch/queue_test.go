// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// gated is a store whose batches wait until the test lets them go.
type gated struct {
	statestore.Store
	begun   chan []statestore.Change
	proceed chan struct{}
}

func (g *gated) Apply(ctx context.Context, changes []statestore.Change) []statestore.Outcome {
	g.begun <- changes
	select {
	case <-g.proceed:
	case <-ctx.Done():
		return statestore.All(len(changes), ctx.Err())
	}
	out := make([]statestore.Outcome, len(changes))
	for i, c := range changes {
		out[i].Version = c.Title
	}
	return out
}

func start(t *testing.T, limit int, timeout time.Duration) (*gated, *Queue, context.CancelFunc) {
	g := &gated{begun: make(chan []statestore.Change), proceed: make(chan struct{})}
	q := NewQueue(g, limit, timeout)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { q.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return g, q, cancel
}

func titles(changes []statestore.Change) (out []string) {
	for _, c := range changes {
		out = append(out, c.Title)
	}
	return out
}

// TestQueueGathers: what comes while a batch is written goes out together. Of several changes of
// one writer, the last one counts for all.
func TestQueueGathers(t *testing.T) {
	g, q, _ := start(t, 3, time.Minute)
	outcomes := make(chan string, 10)
	submit := func(id, title string) {
		q.Submit(DraftOf(statestore.Change{ID: id, Title: title}), func(o statestore.Outcome) { outcomes <- id + " " + o.Version })
	}
	submit("a", "a1")
	assert.Equal(t, []string{"a1"}, titles(<-g.begun))
	submit("a", "a2")
	submit("b", "b1")
	submit("a", "a3")
	submit("c", "c1")
	submit("d", "d1")
	assert.Equal(t, 4, q.waiting())
	g.proceed <- struct{}{}
	assert.Equal(t, "a a1", <-outcomes)
	assert.Equal(t, []string{"a3", "b1", "c1"}, titles(<-g.begun), "in order, and no more than the limit")
	g.proceed <- struct{}{}
	for _, want := range []string{"a a3", "a a3", "b b1", "c c1"} {
		assert.Equal(t, want, <-outcomes)
	}
	assert.Equal(t, []string{"d1"}, titles(<-g.begun))
	g.proceed <- struct{}{}
	assert.Equal(t, "d d1", <-outcomes)
	assert.Zero(t, q.waiting())
}

func TestQueueBoundsABatch(t *testing.T) {
	g, q, _ := start(t, 3, time.Millisecond)
	outcome := make(chan statestore.Outcome, 1)
	q.Submit(DraftOf(statestore.Change{ID: "a"}), func(o statestore.Outcome) { outcome <- o })
	<-g.begun
	require.ErrorIs(t, (<-outcome).Err, context.DeadlineExceeded)
}

// TestQueueEnds: whatever is in a queue that ends gets an outcome.
func TestQueueEnds(t *testing.T) {
	g, q, cancel := start(t, 1, time.Minute)
	outcomes := make(chan statestore.Outcome, 3)
	for i := range 3 {
		q.Submit(DraftOf(statestore.Change{ID: fmt.Sprint(i)}), func(o statestore.Outcome) { outcomes <- o })
	}
	<-g.begun
	cancel()
	for range 3 {
		require.ErrorIs(t, (<-outcomes).Err, context.Canceled)
	}
}

// TestQueueMakesWhatLeaves: a change is made once, when its batch leaves, and released when the
// batch is over. One that cannot be made fails alone.
func TestQueueMakesWhatLeaves(t *testing.T) {
	g, q, _ := start(t, 3, time.Minute)
	q.Submit(DraftOf(statestore.Change{ID: "first"}), func(statestore.Outcome) {})
	<-g.begun
	var made, released []string
	outcomes := make(chan statestore.Outcome, 3)
	submit := func(id, title string, err error) {
		q.Submit(Draft{id, func(context.Context) (statestore.Change, error) {
			made = append(made, title)
			return statestore.Change{ID: id, Title: title, Release: func() { released = append(released, title) }}, err
		}}, func(o statestore.Outcome) { outcomes <- o })
	}
	submit("a", "a1", nil)
	submit("b", "b1", errors.New("damaged"))
	submit("a", "a2", nil)
	assert.Empty(t, made)
	g.proceed <- struct{}{}
	assert.Equal(t, []string{"a2"}, titles(<-g.begun))
	assert.Equal(t, []string{"a2", "b1"}, made, "the one that waits no more is not")
	assert.Empty(t, released)
	g.proceed <- struct{}{}
	for range 2 {
		assert.Equal(t, statestore.Outcome{Version: "a2"}, <-outcomes)
	}
	require.EqualError(t, (<-outcomes).Err, "damaged")
	assert.Equal(t, []string{"a2"}, released)
}
