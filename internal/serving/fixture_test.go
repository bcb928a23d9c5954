// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// counted counts the open connections of the server, and has the highest count.
type counted struct {
	net.Listener
	mu        sync.Mutex
	now, most int
}

type countedConn struct {
	net.Conn
	close func()
}

func (c *counted) Accept() (net.Conn, error) {
	accepted, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.add(1)
	return countedConn{accepted, sync.OnceFunc(func() { c.add(-1) })}, nil
}

func (c countedConn) Close() error {
	c.close()
	return c.Conn.Close()
}

func (c *counted) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += n
	c.most = max(c.most, c.now)
}

// atMost is the most connections that were open at once.
func (c *counted) atMost() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.most
}

// site is a server that runs, with the CA that its clients trust.
type site struct {
	address string
	open    *counted
	trust   *tls.Config
}

// start serves handler over TLS until the test ends.
func start(t *testing.T, connections int, handler http.Handler, change func(*manager.Server)) *site {
	t.Helper()
	certified := httptest.NewTLSServer(nil)
	certified.Close()
	pool := x509.NewCertPool()
	pool.AddCert(certified.Certificate())
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &site{raw.Addr().String(), &counted{Listener: raw}, &tls.Config{RootCAs: pool, ServerName: "example.com", MinVersion: tls.VersionTLS12}}
	server := New(Options{
		Name: t.Name(), Listener: s.open, Handler: handler, Connections: connections, Drain: time.Second, Log: logr.Discard(),
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &certified.TLS.Certificates[0], nil },
	})
	if change != nil {
		change(server)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
		_ = server.Server.Close()
	})
	return s
}

// connect opens a connection that lives until the test ends.
func (s *site) connect(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// begin sends text on a new connection. The server may have closed it by now.
func (s *site) begin(t *testing.T, text string) *tls.Conn {
	t.Helper()
	c := tls.Client(s.connect(t), s.trust)
	if err := c.Handshake(); err == nil {
		_, _ = io.WriteString(c, text)
	}
	return c
}

// ask sends an honest request. It must be answered soon.
func (s *site) ask(t *testing.T, body string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+s.address, strings.NewReader(body))
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: s.trust.Clone(), ForceAttemptHTTP2: true, DisableKeepAlives: true}}
	answer, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, 1, answer.ProtoMajor, "one request at a time on a connection")
	return answer.StatusCode, strings.TrimSpace(string(text))
}

// closed waits until the server has closed the connection.
func closed(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(5*time.Second)))
	_, err := io.Copy(io.Discard, c)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "it is still open")
}

var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
