// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Bodies bounds requests whose bodies are kept in memory.
type Bodies struct {
	// Size of a body at most, in bytes.
	Size int64
	// Held is how many are in memory at once, with those that still arrive. A further one
	// takes the place of one that is not worked on yet, of the peer that has the most of
	// these.
	Held int
	// AtOnce is how many are worked on; the others wait.
	AtOnce int
	// Receive bounds how long a body may take to arrive, All also the wait and the work: the
	// context of the request ends then.
	Receive, All time.Duration
}

// Before gives next only requests whose body has arrived, and few at once. The others are
// told what is wrong with them, and to come back if it is not their fault.
func (b Bodies) Before(next http.Handler) http.Handler {
	return &bodies{Bodies: b, next: next, held: &seats{limit: b.Held}, work: make(chan struct{}, b.AtOnce)}
}

type bodies struct {
	Bodies
	next http.Handler
	held *seats
	work chan struct{}
}

// errCrowded is the cause that ends a request whose place another got.
var errCrowded = errors.New("too many requests are on their way")

func (b *bodies) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	limit, cancelLimit := context.WithTimeout(r.Context(), b.All)
	defer cancelLimit()
	ctx, cancel := context.WithCancelCause(limit)
	defer cancel(nil)
	control := http.NewResponseController(w)
	place := b.held.take(host(r.RemoteAddr), func() {
		cancel(errCrowded)
		_ = control.SetReadDeadline(time.Now()) // ends the wait for the rest of the body
	})
	if place == nil {
		refuse(w, r, http.StatusServiceUnavailable, errCrowded)
		return
	}
	defer place.release()
	if status, err := b.receive(ctx, control, w, r); err != nil {
		refuse(w, r, status, err)
		return
	}
	select {
	case b.work <- struct{}{}:
		defer func() { <-b.work }()
	case <-ctx.Done():
		refuse(w, r, http.StatusServiceUnavailable, fmt.Errorf("nobody had time for the request: %w", context.Cause(ctx)))
		return
	}
	if !place.keep(true) || !Keep(ctx) {
		refuse(w, r, http.StatusServiceUnavailable, errCrowded)
		return
	}
	b.next.ServeHTTP(w, r.WithContext(ctx))
}

// receive puts the body in memory in place of the connection's. The status is of the error.
func (b *bodies) receive(ctx context.Context, control *http.ResponseController, w http.ResponseWriter, r *http.Request) (int, error) {
	if r.ContentLength > b.Size {
		return http.StatusRequestEntityTooLarge, fmt.Errorf("the request has %d bytes and may have %d", r.ContentLength, b.Size)
	}
	_ = control.SetReadDeadline(time.Now().Add(b.Receive)) // a recorder in a test has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, b.Size))
	switch _, tooLarge := errors.AsType[*http.MaxBytesError](err); {
	case errors.Is(context.Cause(ctx), errCrowded):
		return http.StatusServiceUnavailable, errCrowded
	case tooLarge:
		return http.StatusRequestEntityTooLarge, fmt.Errorf("the request has more than %d bytes", b.Size)
	case err != nil:
		return http.StatusRequestTimeout, fmt.Errorf("the request did not arrive in full within %s: %w", b.Receive, err)
	}
	_ = control.SetReadDeadline(time.Time{})
	r.Body = io.NopCloser(bytes.NewReader(body))
	return 0, nil
}

// WithoutBody refuses requests with a body, for pages that are only read.
func WithoutBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			refuse(w, r, http.StatusRequestEntityTooLarge, errors.New("send no body"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

const (
	lingerTime  = time.Second
	lingerBytes = 16 << 20
)

// refuse answers at once, and reads on for a moment: closing a connection while data still
// arrives resets it, and the peer loses the answer. net/http waits likewise, but not for a
// peer that asked for "Connection: close".
func refuse(w http.ResponseWriter, r *http.Request, status int, why error) {
	w.Header().Set("Connection", "close")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // a recorder in a test knows none of these
	http.Error(w, why.Error(), status)
	_ = control.Flush()
	_ = control.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, r.Body, lingerBytes)
}
