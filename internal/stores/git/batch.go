// SPDX-License-Identifier: Apache-2.0

package git

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// batch is one Apply.
type batch struct {
	cache   *cache
	changes []statestore.Change
	out     []statestore.Outcome
	// tried are changes whose push failed, but may have reached the server.
	tried []bool
	// refusalsLeft is how many more pushes may be refused, so that a server that refuses everything is
	// not asked about every change. Each push that the server takes adds one.
	refusalsLeft int
	refusal      error // the last one
	// took is whether the server has taken a push. If it then refuses another one, the reason is
	// in the content of that.
	took bool
	// fresh is whether the tip has been fetched for this batch.
	fresh bool
	// races are pushes that came too late. unmoved are the last of them, between which the branch
	// has not moved.
	races, unmoved int
	repairs        int
}

// write brings changes to the server in one push. If the server does not take it, write tries one
// half and then the other, so that one bad file does not keep the others out.
func (b *batch) write(ctx context.Context, which []int) {
	for len(which) > 0 {
		if b.refusalsLeft <= 0 {
			b.fail(which, b.refusal)
			return
		}
		edits, err := b.attempt(ctx, which)
		if err == nil {
			return
		}
		if errors.Is(err, errStale) {
			continue
		}
		f := b.cache.failed(ctx, err)
		if len(edits) > 0 {
			b.lost(edits, f)
		}
		switch next := f.next; {
		case next == again:
			if err := b.again(ctx, f); err != nil {
				b.fail(which, err)
				return
			}
		case next == halves && len(edits) == 1:
			b.refusalsLeft--
			b.refusal = f
			b.fail(indices(edits), f)
			which = without(which, edits) // the others are looked at once more
		case next == halves && len(edits) > 1:
			b.refusalsLeft--
			b.refusal = beside(f, len(edits)-1)
			which = b.half(ctx, which, edits)
		case next == anew && b.repairs < maxRepairs:
			b.repairs++
			b.fresh = false
		default:
			b.fail(which, f)
			return
		}
	}
}

// half writes everything but the second half of the edits, and returns that half.
func (b *batch) half(ctx context.Context, which []int, edits []edit) (others []int) {
	rest := edits[len(edits)/2:]
	b.write(ctx, without(which, rest))
	return indices(rest)
}

// beside is a fault of several changes. Which of them it means is not known.
func beside(f *fault, others int) *fault {
	told := *f
	told.lead = fmt.Sprintf("this change was not taken, or one of the %d that went with it", others)
	return &told
}

// again waits before a push that came too late is made once more, or returns why it is not. If the
// branch does not move between two such pushes, there was no race: somebody holds its lock, or has
// left it behind.
func (b *batch) again(ctx context.Context, f *fault) error {
	b.fresh = false
	b.races++
	b.unmoved++
	switch {
	case b.races > maxRaces:
		f.lead = fmt.Sprintf("%d pushes lost a race against other writers", b.races)
		return f
	case b.unmoved > maxUnmoved:
		f.cause = &locked
		b.cache.health.pushed(f)
		return f
	case b.unmoved > 1: // the fetch after the first one has shown it
		select {
		case <-ctx.Done():
		case <-time.After(lockPause << b.unmoved):
		}
	}
	return nil
}

// attempt makes one commit and pushes it. It returns edits only if their push failed. It does not
// fetch the branch before that: if the server takes the push, the branch was where it was seen
// last. Only if there is nothing to push, attempt must look.
func (b *batch) attempt(ctx context.Context, which []int) ([]edit, error) {
	c := b.cache
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	if !c.seen {
		before := c.tip
		if err := c.fetch(ctx); err != nil {
			return nil, err
		}
		b.fresh = true
		if c.tip != before {
			b.unmoved = 0
		}
	}
	edits, err := b.edits(ctx, which)
	if err != nil {
		return nil, err
	}
	if len(edits) == 0 {
		return nil, b.verify(ctx)
	}
	commit, err := c.commit(ctx, edits)
	if err != nil {
		return nil, err
	}
	c.pushes++
	if err := c.push(ctx, commit); err != nil {
		return edits, err
	}
	b.taken(edits, commit)
	return nil, nil
}

// lost learns from a push that failed.
func (b *batch) lost(edits []edit, f *fault) {
	if !b.took {
		b.cache.health.pushed(f)
	}
	b.fresh = b.fresh && b.cache.seen
	for _, e := range edits {
		b.tried[e.change] = b.tried[e.change] || !f.judged
	}
}

// taken learns from a push that was taken.
func (b *batch) taken(edits []edit, commit string) {
	c := b.cache
	c.tip = commit
	c.health.pushed(nil)
	b.took = true
	b.refusalsLeft++
	for _, e := range edits {
		b.out[e.change] = statestore.Outcome{Version: commit, Changed: true, Stay: e.stay}
	}
}

// errStale is a plan made of an old commit.
var errStale = errors.New("the branch has moved")

// verify checks that there is still nothing to push: the branch may have been seen long ago.
func (b *batch) verify(ctx context.Context) error {
	if b.fresh {
		return nil
	}
	before := b.cache.tip
	if err := b.cache.fetch(ctx); err != nil {
		return err
	}
	b.fresh = true
	if b.cache.tip != before {
		return errStale
	}
	return nil
}

func (b *batch) fail(which []int, err error) {
	for _, i := range which {
		b.out[i] = statestore.Outcome{Err: err}
	}
}

func indices(edits []edit) []int {
	out := make([]int, len(edits))
	for k, e := range edits {
		out[k] = e.change
	}
	return out
}

// without is which, less those of edits.
func without(which []int, edits []edit) []int {
	left := map[int]bool{}
	for _, e := range edits {
		left[e.change] = true
	}
	var out []int
	for _, i := range which {
		if !left[i] {
			out = append(out, i)
		}
	}
	return out
}
