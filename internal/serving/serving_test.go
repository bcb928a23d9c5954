// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// TestTwoThousandConnections: an honest peer is served while 2,000 silent connections from
// the same address come in.
func TestTwoThousandConnections(t *testing.T) {
	s := start(t, 64, echo, nil)
	for range 2000 {
		s.connect(t)
	}
	code, text := s.ask(t, "hello")
	assert.Equal(t, http.StatusOK, code)
	assert.Equal(t, "hello", text)
	assert.LessOrEqual(t, s.open.atMost(), 65, "the new one takes the place of an old one")
}

// TestSlowHeaders: they are cut off when their time is up, or at once if another connection
// needs the place.
func TestSlowHeaders(t *testing.T) {
	s := start(t, 8, echo, func(m *manager.Server) { m.Server.ReadHeaderTimeout = 500 * time.Millisecond })
	for range 50 {
		s.begin(t, "POST / HTTP/1.1\r\nHost: example.com\r\nX-Slow: ")
	}
	last := s.begin(t, "POST / HTTP/1.1\r\nHost: example.com\r\nX-Slow: ")
	code, _ := s.ask(t, "hello")
	assert.Equal(t, http.StatusOK, code)
	closed(t, last)
	assert.LessOrEqual(t, s.open.atMost(), 9)
}

// TestIdleConnectionsMakeRoom: an idle connection is closed if a new one needs its place.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	keeping := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { assert.True(t, Keep(r.Context())) })
	s := start(t, 4, keeping, nil)
	for range 4 {
		idle := s.begin(t, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
		_, err := idle.Read(make([]byte, 1))
		assert.NoError(t, err, "it is answered")
	}
	code, _ := s.ask(t, "")
	assert.Equal(t, http.StatusOK, code)
}

// TestKeptRequestsStay: a request that is worked on is not driven out.
func TestKeptRequestsStay(t *testing.T) {
	working, done := make(chan bool, 2), make(chan struct{})
	s := start(t, 2, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		working <- Keep(r.Context())
		<-done
	}), nil)
	first := s.begin(t, "GET /first HTTP/1.1\r\nHost: example.com\r\n\r\n")
	assert.True(t, <-working)
	for range 20 {
		s.connect(t)
	}
	second := s.begin(t, "GET /second HTTP/1.1\r\nHost: example.com\r\n\r\n")
	assert.True(t, <-working)
	closed(t, s.connect(t)) // all are at work
	close(done)
	for _, c := range []io.Reader{first, second} {
		answer := make([]byte, 15)
		_, err := c.Read(answer)
		assert.NoError(t, err)
		assert.Equal(t, "HTTP/1.1 200 OK", string(answer))
	}
}

// TestLargeHeaders are refused before they are kept.
func TestLargeHeaders(t *testing.T) {
	s := start(t, 8, echo, nil)
	c := s.begin(t, "GET / HTTP/1.1\r\nHost: example.com\r\nX-Large: "+strings.Repeat("x", 64<<10))
	answer := make([]byte, 12)
	_, err := c.Read(answer)
	assert.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 431", string(answer))
}
