// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// Pause is the answer of a server that wants no requests before a time. Until then, no batch is
// sent to the store.
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
// date, or nil. A pause of more than an hour is cut to an hour.
func PauseOf(header http.Header, now time.Time, said string) *Pause {
	until, last := wanted(header.Get("Retry-After"), now), now.Add(maxPause)
	switch {
	case !until.After(now):
		return nil
	case until.After(last):
		until = last
	}
	return &Pause{until, said}
}

// wanted is the zero time if the text is no time.
func wanted(text string, now time.Time) time.Time {
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err == nil || errors.Is(err, strconv.ErrRange) { // then they are as many as there can be
		return now.Add(time.Duration(seconds) * time.Second)
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	return date
}
