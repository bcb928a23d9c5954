// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var some = Bodies{Size: 1 << 20, Held: 4, AtOnce: 2, Receive: 5 * time.Second, All: 20 * time.Second}

// slow is the beginning of a request that does not go on.
const slow = "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 1000000\r\n\r\nslow"

// nothing fails if it is asked.
func nothing(t *testing.T) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was asked") })
}

func TestBodyOf100MiB(t *testing.T) {
	s := start(t, 8, some.Before(nothing(t)), nil)
	for name, length := range map[string]string{"announced": "Content-Length: 104857600", "in chunks": "Transfer-Encoding: chunked"} {
		t.Run(name, func(t *testing.T) {
			c := s.begin(t, "POST / HTTP/1.1\r\nHost: example.com\r\n"+length+"\r\n\r\n")
			chunk := strings.Repeat("x", 64<<10)
			var sent int
			for err := error(nil); err == nil && sent < 100<<20; sent += len(chunk) {
				text := chunk
				if name == "in chunks" {
					text = fmt.Sprintf("%x\r\n%s\r\n", len(chunk), chunk)
				}
				_, err = io.WriteString(c, text)
			}
			assert.Less(t, sent, 50<<20, "the server stops reading; what is sent is in buffers")
		})
	}
	code, text := s.ask(t, strings.Repeat("x", 1<<20+1))
	assert.Equal(t, http.StatusRequestEntityTooLarge, code)
	assert.Equal(t, "the request has 1048577 bytes and may have 1048576", text)
}

// TestSlowBodies: many slow bodies hold no more memory than Held allows, and keep no
// request out.
func TestSlowBodies(t *testing.T) {
	s := start(t, 64, some.Before(echo), nil)
	for range 100 {
		s.begin(t, slow)
	}
	code, text := s.ask(t, "hello")
	assert.Equal(t, http.StatusOK, code)
	assert.Equal(t, "hello", text)
}

func TestSlowBodyHasADeadline(t *testing.T) {
	b := some
	b.Receive = 200 * time.Millisecond
	s := start(t, 64, b.Before(nothing(t)), nil)
	c := s.begin(t, slow)
	answer, err := io.ReadAll(c)
	assert.NoError(t, err)
	assert.Contains(t, string(answer), "408 Request Timeout")
	assert.Contains(t, string(answer), "the request did not arrive in full within 200ms")
}

// TestFewAtOnce: the rest waits, and no longer than it may.
func TestFewAtOnce(t *testing.T) {
	var now, most atomic.Int32
	begun, proceed := make(chan struct{}, 10), make(chan struct{})
	s := start(t, 64, some.Before(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		begun <- struct{}{}
		<-proceed
		now.Add(-1)
	})), nil)
	var answered sync.WaitGroup
	for range 4 {
		answered.Go(func() {
			code, _ := s.ask(t, "hello")
			assert.Equal(t, http.StatusOK, code)
		})
	}
	<-begun
	<-begun
	close(proceed)
	answered.Wait()
	assert.LessOrEqual(t, most.Load(), int32(2))
}

// TestWaitTooLong: a request that waits too long is told so, and the context of one that is
// worked on ends.
func TestWaitTooLong(t *testing.T) {
	b := some
	b.AtOnce, b.All = 1, 300*time.Millisecond
	begun, ended := make(chan struct{}), make(chan struct{})
	s := start(t, 64, b.Before(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
		<-ended
	})), nil)
	s.begin(t, "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 1\r\n\r\nx")
	<-begun
	code, text := s.ask(t, "hello")
	close(ended)
	assert.Equal(t, http.StatusServiceUnavailable, code)
	assert.Equal(t, "nobody had time for the request: context deadline exceeded", text)
}

func TestWithoutBody(t *testing.T) {
	s := start(t, 8, WithoutBody(echo), nil)
	code, _ := s.ask(t, "")
	assert.Equal(t, http.StatusOK, code)
	code, text := s.ask(t, "hello")
	assert.Equal(t, http.StatusRequestEntityTooLarge, code)
	assert.Equal(t, "send no body", text)
}
