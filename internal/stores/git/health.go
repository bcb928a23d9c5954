// SPDX-License-Identifier: Apache-2.0

package git

import "time"

// health is what must be remembered of the server, because a look at it does not show it.
type health struct {
	now func() time.Time
	// resting is why the server gets no requests for a while.
	resting *fault
	// pushing is why the last push was not taken, and failed is when that was.
	pushing *fault
	failed  time.Time
}

// memory is how long a push that failed counts. By then, any change that is still to be written
// has been tried again.
const memory = 10 * time.Minute

// paused is why the server gets no requests now, or nil.
func (h *health) paused() error {
	if h.resting == nil || !h.now().Before(h.resting.pause.Until) {
		return nil
	}
	return h.resting
}

// obey keeps all requests back if the server asks for a pause.
func (h *health) obey(f *fault) {
	if f.pause != nil {
		h.resting = f
	}
}

// pushed remembers how the last push has ended. The fault is nil if it was taken.
func (h *health) pushed(f *fault) {
	if f != nil && (f.content || !f.late) {
		return // other pushes may fare better, or a look at the server shows it as well
	}
	h.pushing, h.failed = f, h.now()
}

// push is why a push would fail now, as far as the last one tells, or nil.
func (h *health) push() error {
	if h.pushing == nil || h.now().Sub(h.failed) > memory {
		return nil
	}
	f := *h.pushing
	f.pause = nil // it is over
	return &f
}
