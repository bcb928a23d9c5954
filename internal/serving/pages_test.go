// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
)

// TestPagesAmongStrangers: each page, and nothing else, is served to a peer while another
// one has 2,000 connections open.
func TestPagesAmongStrangers(t *testing.T) {
	pages := Pages{Metrics: "127.0.0.1:0", Health: "127.0.0.1:0", Pprof: "127.0.0.1:0"}
	wanted := map[string]map[string]string{
		"metrics": {"/metrics": "# HELP controller_runtime_webhook_panics_total"},
		"health":  {"/healthz": "ok", "/readyz": "ok", "/readyz/certificate": "ok"},
		"pprof":   {"/debug/pprof/cmdline": "serving.test", "/debug/pprof/": "goroutine"},
	}
	for _, p := range pages.all(healthz.Ping) {
		t.Run(p.name, func(t *testing.T) {
			server, err := p.server(logr.Discard())
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- server.Start(ctx) }()
			defer func() {
				cancel()
				assert.NoError(t, <-ended)
			}()
			address := server.Listener.Addr().String()
			var strangers []net.Conn
			for range 2000 {
				c, err := net.Dial("tcp", address)
				require.NoError(t, err)
				defer func() { _ = c.Close() }()
				strangers = append(strangers, c)
			}
			for path, text := range wanted[p.name] {
				code, body := get(t, http.MethodGet, "http://"+address+path, "")
				assert.Equal(t, http.StatusOK, code)
				assert.Contains(t, body, text)
			}
			assert.Eventually(t, func() bool { return stillOpen(t, strangers) <= p.connections }, 10*time.Second, 10*time.Millisecond, "others are closed")
			code, _ := get(t, http.MethodGet, "http://"+address+"/other", "")
			assert.Equal(t, http.StatusNotFound, code)
			for path := range wanted[p.name] {
				code, _ = get(t, http.MethodPost, "http://"+address+path, "a body")
				assert.Equal(t, http.StatusRequestEntityTooLarge, code)
			}
		})
	}
}

// stillOpen counts the connections that the server has not closed.
func stillOpen(t *testing.T, all []net.Conn) int {
	t.Helper()
	n := 0
	for _, c := range all {
		assert.NoError(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)))
		if _, err := c.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			n++
		}
	}
	return n
}

func get(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(data)
}

func TestNoPages(t *testing.T) {
	off := Pages{Metrics: "0", Health: "0"}
	assert.NoError(t, off.Add(nil, healthz.Ping), "no manager is asked")

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	_, err = page{name: "metrics", address: taken.Addr().String()}.server(logr.Discard())
	assert.ErrorContains(t, err, "--metrics-address: ")
}
