// SPDX-License-Identifier: Apache-2.0

package metadata

import "time"

// Control is what a Pipeline says about the workflow it is part of.
type Control struct {
	// Suspend stops the workflow until somebody resumes it.
	Suspend bool
	// Message says why; it has no meaning without a stop.
	Message string
	// RetryAfter stops the workflow and resumes it after this time; with nil it goes on.
	RetryAfter *time.Duration
}

// Stops tells whether the workflow stops here: no Work is written, and the same
// Pipeline runs again when the workflow is resumed.
func (c Control) Stops() bool { return c.Suspend || c.RetryAfter != nil }

func (f *file) control() Control {
	var written struct {
		Suspend    bool `json:"suspend"`
		Message    text `json:"message"`
		RetryAfter text `json:"retryAfter"`
	}
	if f.doc == nil || !f.decode(f.root(), &written) {
		return Control{}
	}
	c := Control{Suspend: written.Suspend, Message: string(written.Message)}
	if written.RetryAfter != "" {
		at := f.root().Field("retryAfter")
		after, err := time.ParseDuration(string(written.RetryAfter))
		if err != nil || after < 0 {
			f.fail(at, RuleDuration, "retryAfter is %q, which is no duration of 0 or more; write one such as 90s, 10m or 1h30m", written.RetryAfter)
			return Control{}
		}
		c.RetryAfter = &after
	}
	if c.Message != "" && !c.Stops() {
		f.warn(f.root().Field("message").Key(), RuleNoEffect, "the message has no effect without suspend or retryAfter; put it into %s", StatusFile)
		c.Message = ""
	}
	return c
}
