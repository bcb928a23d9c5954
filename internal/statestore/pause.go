// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"net/http"
	"strconv"
	"time"
)

// Pause is the answer of a server that wants no requests before a time. A Queue sends
// nothing to the store until then.
type Pause struct {
	Until time.Time
	// Said are the server's own words.
	Said string
}

func (p *Pause) Error() string {
	return "no requests before " + p.Until.UTC().Format(time.TimeOnly) + " UTC: " + p.Said
}

// maxPause bounds what a server can ask for.
const maxPause = time.Hour

// PauseOf is the pause that a server asks for with the header Retry-After, in seconds or as a
// date; nil if it asks for none. One of more than an hour is an hour.
func PauseOf(header http.Header, now time.Time, said string) *Pause {
	text := header.Get("Retry-After")
	until, err := http.ParseTime(text)
	if seconds, notSeconds := strconv.ParseUint(text, 10, 31); notSeconds == nil {
		until, err = now.Add(time.Duration(seconds)*time.Second), nil
	}
	if err != nil || !until.After(now) {
		return nil
	}
	if last := now.Add(maxPause); until.After(last) {
		until = last
	}
	return &Pause{until, said}
}
