// SPDX-License-Identifier: Apache-2.0

package git

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// answer is what the last HTTP answer to a request says about failures.
type answer struct {
	// status is 0 if there was no answer.
	status int
	header http.Header
	// proxy is whether it is the answer of a proxy that was asked to connect to the server.
	proxy bool
	// push is whether the request has a push in it.
	push bool
}

// traced is a line of git's trace of HTTP. Git itself prints statuses in no form that one can rely
// upon, and no headers.
var traced = regexp.MustCompile(`^[\d:.]+ \S+ +(=> Send|<= Recv) header: (.*)$`)

var (
	requestLine = regexp.MustCompile(`^([A-Z]+) (\S+) HTTP/`)
	statusLine  = regexp.MustCompile(`^HTTP/[\d.]+ (\d{3})`)
)

// line takes one line of the trace.
func (a *answer) line(text string) {
	parts := traced.FindStringSubmatch(text)
	if parts == nil {
		return
	}
	sent, text := parts[1] == "=> Send", parts[2]
	if sent {
		if request := requestLine.FindStringSubmatch(text); request != nil {
			*a = answer{
				proxy: request[1] == http.MethodConnect,
				push:  request[1] == http.MethodPost && strings.HasSuffix(request[2], "/git-receive-pack"),
			}
		}
		return
	}
	if begin := statusLine.FindStringSubmatch(text); begin != nil {
		a.status, _ = strconv.Atoi(begin[1])
		a.header = http.Header{}
		return
	}
	if name, value, is := strings.Cut(text, ":"); is && a.header != nil && limits[http.CanonicalHeaderKey(name)] {
		a.header.Set(name, strings.TrimSpace(value))
	}
}

// limits are the headers that say how long to wait: Retry-After, and GitHub's own.
var limits = map[string]bool{retryAfter: true, remaining: true, reset: true}

const (
	retryAfter = "Retry-After"
	remaining  = "X-Ratelimit-Remaining"
	reset      = "X-Ratelimit-Reset" // seconds since 1970
)

// pause is what the server asks for, or nil.
func (a answer) pause(now time.Time, said string) *statestore.Pause {
	if a.status < http.StatusBadRequest {
		return nil
	}
	header := a.header.Clone()
	if header.Get(retryAfter) == "" && a.header.Get(remaining) == "0" {
		if at, err := strconv.ParseInt(header.Get(reset), 10, 64); err == nil {
			header.Set(retryAfter, time.Unix(at, 0).UTC().Format(http.TimeFormat))
		}
	}
	return statestore.PauseOf(header, now, said)
}

// cause is what an answer means by itself. words came with it: a server without a header for its
// limits names them there.
func (a answer) cause(words string) *cause {
	asksToWait := a.header.Get(retryAfter) != "" || a.header.Get(remaining) == "0" || rateLimit.MatchString(words)
	switch s := a.status; {
	case s < http.StatusMultipleChoices:
		return nil
	case a.proxy:
		return &proxied
	case s < http.StatusBadRequest:
		return &elsewhere
	case s == http.StatusTooManyRequests, s == http.StatusForbidden && asksToWait:
		return &limited
	case s == http.StatusUnauthorized:
		return &denied
	case s == http.StatusForbidden:
		return &forbidden
	case s == http.StatusNotFound, s == http.StatusGone:
		return &noRepo
	case s == http.StatusRequestEntityTooLarge:
		return &tooLarge
	case s == http.StatusRequestTimeout, s == http.StatusGatewayTimeout, s == cloudTimeout:
		return &slow
	case s == http.StatusInsufficientStorage:
		return &full
	case s >= http.StatusInternalServerError:
		return &unavailable
	}
	return &odd
}

// rateLimit has spaces in it, which no name of a repository has.
var rateLimit = regexp.MustCompile(`(?i)\brate limit|too many requests|abuse detection`)

// cloudTimeout is the status that Cloudflare sends for a server that takes too long.
const cloudTimeout = 524

// trace reads the trace of a git until it and its children have ended.
func (a *answer) trace(from io.Reader) {
	lines := bufio.NewReader(from)
	for {
		text, more, err := lines.ReadLine()
		if err != nil {
			return
		}
		a.line(string(text))
		for more && err == nil {
			_, more, err = lines.ReadLine() // too long to be of interest
		}
	}
}

// tracer is the pipe that git writes its trace to, and the last answer in that trace.
type tracer struct {
	read, write *os.File
	last        answer
	done        chan struct{}
}

func newTracer() (*tracer, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	t := &tracer{read: read, write: write, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		t.last.trace(read)
	}()
	return t, nil
}

// end waits for what a child of git may still write, for a limited time.
func (t *tracer) end() answer {
	_ = t.write.Close()
	_ = t.read.SetReadDeadline(time.Now().Add(killDelay))
	<-t.done
	_ = t.read.Close()
	return t.last
}
