// SPDX-License-Identifier: Apache-2.0

package git

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// TestGitHubsLimit: GitHub says when it takes requests again.
func TestGitHubsLimit(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	limit := func(status int, left string) *statestore.Pause {
		return answer{status: status, header: http.Header{remaining: {left}, reset: {"1900000060"}}}.pause(now, "words")
	}
	assert.Equal(t, &statestore.Pause{Until: now.Add(time.Minute).UTC(), Said: "words"}, limit(403, "0"))
	assert.Nil(t, limit(403, "17"), "it is about something else")
	assert.Nil(t, limit(200, "0"))
}

// TestTrace: git's trace of HTTP also holds what others have sent.
func TestTrace(t *testing.T) {
	for name, test := range map[string]struct {
		trace  string
		status int
		after  string
		proxy  bool
	}{
		"HTTP/1.1": {"=> Send header: GET /a HTTP/1.1\n<= Recv header: HTTP/1.1 429 Too Many\n<= Recv header: retry-after: 9\n", 429, "9", false},
		"HTTP/2":   {"=> Send header: GET /a HTTP/2\n<= Recv header: HTTP/2 503\n<= Recv header: Retry-After: 9\n", 503, "9", false},
		"continue": {"=> Send header: POST /a HTTP/1.1\n<= Recv header: HTTP/1.1 100 Continue\n<= Recv header: \n<= Recv header: HTTP/1.1 413 Large\n", 413, "", false},
		"no answer to the second": {
			"=> Send header: GET /a HTTP/1.1\n<= Recv header: HTTP/1.1 403 No\n<= Recv header: Retry-After: 9\n=> Send header: POST /a HTTP/1.1\n", 0, "", false,
		},
		"through a proxy":   {"=> Send header: CONNECT h:443 HTTP/1.1\n<= Recv header: HTTP/1.1 200 OK\n=> Send header: GET /a HTTP/1.1\n<= Recv header: HTTP/1.1 403 No\n", 403, "", false},
		"refused by it":     {"=> Send header: CONNECT h:443 HTTP/1.1\n<= Recv header: HTTP/1.1 403 No\n", 403, "", true},
		"a header's text":   {"=> Send header: GET /a HTTP/1.1\n<= Recv header: HTTP/1.1 200 OK\n<= Recv header: X: HTTP/1.1 403 => Send header: GET /b HTTP/1.1\n", 200, "", false},
		"a very long line":  {"=> Send header: GET /a HTTP/1.1\n<= Recv header: HTTP/1.1 403 No\n<= Recv header: X: " + strings.Repeat("x", 1<<17) + "\n<= Recv header: Retry-After: 9\n", 403, "9", false},
		"information of it": {"== Info: HTTP/1.1 403 No\n", 0, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			var lines strings.Builder
			for line := range strings.Lines(test.trace) {
				lines.WriteString("18:37:31.634376 http.c:684              " + line)
			}
			var got answer
			got.trace(strings.NewReader(lines.String()))
			assert.Equal(t, test.status, got.status)
			assert.Equal(t, test.after, got.header.Get(retryAfter))
			assert.Equal(t, test.proxy, got.proxy)
		})
	}
}
