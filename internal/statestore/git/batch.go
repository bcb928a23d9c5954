// SPDX-License-Identifier: Apache-2.0

package git

import (
	"context"
	"errors"
	"fmt"

	"github.com/kratix-compile/kratix-compile/internal/statestore"
)

// batch is one Apply.
type batch struct {
	cache   *cache
	changes []statestore.Change
	out     []statestore.Outcome
	// tried are changes that a push may have brought to the server although it failed.
	tried []bool
	// pushes are how many may still be refused, so that a server that refuses everything is
	// not asked for every change.
	pushes  int
	refusal error // the last one
	// fresh is whether the tip has been fetched for this batch.
	fresh          bool
	races, repairs int
}

// write brings changes to the server in one push. What the server's rules refuse is tried
// in halves, so that one bad file does not keep the others out.
func (b *batch) write(ctx context.Context, which []int) {
	for len(which) > 0 {
		if b.pushes <= 0 {
			b.fail(which, b.refusal)
			return
		}
		edits, err := b.attempt(ctx, which)
		switch {
		case err == nil:
			return
		case errors.Is(err, errStale):
		case errors.Is(err, errRace):
			b.races++
			b.fresh = false
			b.cache.seen = false
			if b.races > maxRaces {
				b.fail(which, fmt.Errorf("%s: %d pushes lost a race against other writers; it is tried again later", b.cache.where(), b.races))
				return
			}
		case errors.Is(err, errRefused):
			b.pushes--
			b.refusal = b.refused(edits, err)
			if len(edits) == 1 {
				b.fail(indices(edits), b.refusal)
				which = without(which, edits)
				continue // the others were in nobody's way, and are looked at once more
			}
			half := len(edits) / 2
			b.write(ctx, without(which, edits[half:]))
			which = indices(edits[half:])
		default:
			explained, repaired := b.cache.failed(ctx, err)
			if !repaired || b.repairs == maxRepairs {
				b.fail(which, explained)
				return
			}
			b.repairs++
			b.fresh = false
		}
	}
}

// attempt makes one commit and pushes it. It does not ask first where the branch is: if the
// push is taken, it was where it was seen last. Only if nothing is to be pushed it must ask.
func (b *batch) attempt(ctx context.Context, which []int) ([]edit, error) {
	c := b.cache
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	if !c.seen {
		if err := c.fetch(ctx); err != nil {
			return nil, err
		}
		b.fresh = true
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
		return edits, err
	}
	if err := c.push(ctx, commit); err != nil {
		for _, e := range edits {
			b.tried[e.change] = b.tried[e.change] || !errors.Is(err, errRace) && !errors.Is(err, errRefused)
		}
		return edits, err
	}
	c.tip = commit
	for _, e := range edits {
		b.out[e.change] = statestore.Outcome{Version: commit, Changed: true}
	}
	return edits, nil
}

// errStale is a plan made of an old commit.
var errStale = errors.New("the branch has moved")

// verify is for a batch with nothing to push, by what may be long past.
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

func (b *batch) refused(edits []edit, err error) error {
	what := "it"
	if len(edits) > 1 {
		what = fmt.Sprintf("it, or one of the %d changes beside it", len(edits)-1)
	}
	return fmt.Errorf("%s: the server's rules refuse %s: %s; change the file or the rule", b.cache.where(), what, b.cache.hide(err.Error()))
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
