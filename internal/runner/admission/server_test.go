// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// hook is the webhook as the runner serves it; the verdict is the test's.
func hook(t *testing.T, verdict admission.HandlerFunc) (address string, trust *tls.Config) {
	t.Helper()
	certified := httptest.NewTLSServer(nil)
	certified.Close()
	pool := x509.NewCertPool()
	pool.AddCert(certified.Certificate())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	certificate := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &certified.TLS.Certificates[0], nil }
	s := server(listener, certificate, &webhook.Admission{Handler: verdict}, logr.Discard())
	s.ShutdownTimeout = new(time.Second)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
		_ = s.Server.Close()
	})
	return listener.Addr().String(), &tls.Config{RootCAs: pool, ServerName: "example.com", MinVersion: tls.VersionTLS12}
}

// review asks as the API server does, and waits no longer than it.
func review(t *testing.T, address string, trust *tls.Config) *admissionv1.AdmissionResponse {
	t.Helper()
	question := &admissionv1.AdmissionReview{Request: &admissionv1.AdmissionRequest{UID: "one", Operation: admissionv1.Create}}
	question.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind("AdmissionReview"))
	data, err := json.Marshal(question)
	require.NoError(t, err)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: trust.Clone(), ForceAttemptHTTP2: true}}
	answer, err := client.Post("https://"+address+Path, "application/json", strings.NewReader(string(data)))
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s", text)
	require.NoError(t, json.Unmarshal(text, question))
	return question.Response
}

// open counts the connections that the server has not closed.
func open(t *testing.T, all []net.Conn) int {
	t.Helper()
	n := 0
	for _, c := range all {
		assert.NoError(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			n++
		}
	}
	return n
}

// TestAnHonestReviewAmongStrangers: Pods open thousands of connections, send headers or bodies
// that do not end, or far too much; the API server still hears a verdict in time.
func TestAnHonestReviewAmongStrangers(t *testing.T) {
	address, trust := hook(t, func(ctx context.Context, _ admission.Request) admission.Response {
		_, limited := ctx.Deadline()
		assert.True(t, limited, "a verdict has a time limit")
		return admission.Allowed("")
	})
	const head = "POST " + Path + " HTTP/1.1\r\nHost: example.com\r\nContent-Type: application/json\r\n"
	for name, attack := range map[string]struct {
		times int
		text  string
	}{
		"silent":       {2000, ""},
		"slow headers": {200, head + "X-Slow: "},
		"slow bodies":  {200, head + "Content-Length: 7000000\r\n\r\n" + strings.Repeat("x", 1000)},
		"slow chunks":  {200, head + "Transfer-Encoding: chunked\r\n\r\n400\r\n" + strings.Repeat("x", 0x400)},
		"too large":    {50, head + fmt.Sprintf("Content-Length: %d\r\n\r\n", 100<<20) + strings.Repeat("x", 100<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			var strangers []net.Conn
			for range attack.times {
				c, err := net.Dial("tcp", address)
				require.NoError(t, err)
				strangers = append(strangers, c)
				t.Cleanup(func() { _ = c.Close() })
				if attack.text == "" {
					continue
				}
				secured := tls.Client(c, trust)
				if secured.Handshake() == nil { // it may be driven out by the next ones
					_, _ = io.WriteString(secured, attack.text)
				}
			}
			assert.True(t, review(t, address, trust).Allowed)
			assert.Eventually(t, func() bool { return open(t, strangers) <= maxConns }, 10*time.Second, 10*time.Millisecond, "others are closed")
		})
	}
}
