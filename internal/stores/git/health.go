// SPDX-License-Identifier: Apache-2.0

package git

import "time"

// health is what is remembered of the server, because a look at it does not tell.
type health struct {
	now func() time.Time
	// resting is why the server is to be left alone for a while.
	resting *fault
	// pushing is why no push was taken, and failed when that was.
	pushing *fault
	failed  time.Time
}

// memory is how long a push that failed tells of the State Store. Whoever still has
// something to write has tried again by then.
const memory = 10 * time.Minute

// rest is why nothing may be asked of the server now.
func (h *health) rest() error {
	if h.resting == nil || !h.now().Before(h.resting.pause.Until) {
		return nil
	}
	return h.resting
}

// obey makes the pause that a server asks for that of everybody.
func (h *health) obey(f *fault) {
	if f.pause != nil {
		h.resting = f
	}
}

// pushed is how the last push has ended; the fault is nil if it was taken.
func (h *health) pushed(f *fault) {
	if f != nil && (f.content || !f.late) {
		return // it tells nothing of other pushes, or a look at the server tells it as well
	}
	h.pushing, h.failed = f, h.now()
}

// push is why a push would fail now as the last one did, as far as is known.
func (h *health) push() error {
	if h.pushing == nil || h.now().Sub(h.failed) > memory {
		return nil
	}
	f := *h.pushing
	f.pause = nil // it is over
	return &f
}
