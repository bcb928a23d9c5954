// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

const (
	dialTimeout = 10 * time.Second
	// maxSaid is how much is read of an answer that asks for a pause.
	maxSaid = 4 << 10
)

// transport sends requests for the client of S3. For each request that gets no answer it says what
// the cause is, while there is still an error to ask and not only its text.
type transport struct {
	http.RoundTripper

	mu    sync.Mutex
	pause *statestore.Pause
}

func newTransport(ca []byte, answerTimeout time.Duration) (*transport, error) {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		MaxIdleConnsPerHost: parallel, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: answerTimeout,
		TLSClientConfig:    &tls.Config{},
		DisableCompression: true, // content is what was written
		OnProxyConnectResponse: func(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			return &failure{proxied, fmt.Errorf("the proxy %s answers %s", proxy.Host, answer.Status)}
		},
	}
	if ca != nil {
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(ca) {
			return nil, fmt.Errorf("the Secret's %s holds no certificate; it must be PEM", caKey)
		}
	}
	return &transport{RoundTripper: t}, nil
}

// RoundTrip implements http.RoundTripper. It sends nothing while the server wants no requests.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if pause := t.paused(); pause != nil {
		return nil, pause
	}
	answer, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		if r.Context().Err() != nil {
			return nil, err
		}
		return nil, &failure{onTheWay(err), err}
	}
	switch answer.StatusCode {
	case http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if pause := t.begin(answer); pause != nil {
			return nil, pause
		}
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		if r.URL.Query().Has("location") {
			return anywhere(answer), nil
		}
	}
	answer.Body = &body{answer.Body}
	return answer, nil
}

func (t *transport) paused() *statestore.Pause {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pause != nil && time.Now().Before(t.pause.Until) {
		return t.pause
	}
	return nil
}

// begin begins a pause if the answer asks for one; otherwise it does not read the answer.
func (t *transport) begin(answer *http.Response) *statestore.Pause {
	pause := statestore.PauseOf(answer.Header, time.Now(), answer.Status)
	if pause == nil {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxSaid)) // less is better than nothing
	_ = answer.Body.Close()
	var told minio.ErrorResponse
	if err := xml.Unmarshal(text, &told); err == nil {
		text = []byte(told.Code + ": " + told.Message)
	}
	if len(text) > 0 {
		pause.Said += ": " + strings.Join(strings.Fields(string(text)), " ")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pause = pause
	return pause
}

// anywhere is the answer that S3 gives in its first region. It stands for that of a server that
// does not say where a bucket is: such a server has one region.
func anywhere(answer *http.Response) *http.Response {
	_ = answer.Body.Close()
	answer.StatusCode, answer.Status = http.StatusOK, http.StatusText(http.StatusOK)
	answer.Body, answer.ContentLength = io.NopCloser(strings.NewReader("<LocationConstraint/>")), -1
	return answer
}

// body is that of an answer, which may break off.
type body struct{ io.ReadCloser }

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &failure{unavailable, err}
	}
	return n, err
}

// failure is a request that got no answer, or not all of it.
type failure struct {
	cause cause
	err   error
}

// Error has no EOF in its text: the client of S3 looks for that, and then forgets the error.
func (f *failure) Error() string {
	if errors.Is(f.err, io.EOF) || errors.Is(f.err, io.ErrUnexpectedEOF) {
		return "the connection was closed in the middle"
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// onTheWay is the cause of an error without an answer.
func onTheWay(err error) cause {
	network, _ := errors.AsType[net.Error](err)
	operation, _ := errors.AsType[*net.OpError](err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	record, isRecord := errors.AsType[tls.RecordHeaderError](err)
	known, isKnown := errors.AsType[*failure](err)
	switch {
	case isKnown:
		return known.cause
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return unknownAuthority
	case errors.As(err, new(x509.HostnameError)):
		return otherName
	case isInvalid && invalid.Reason == x509.Expired:
		return expired
	case isInvalid, errors.As(err, new(*tls.CertificateVerificationError)):
		return invalidCertificate
	case isRecord && string(record.RecordHeader[:]) == "HTTP/":
		return plainHTTP
	case isRecord, errors.As(err, new(tls.AlertError)):
		return noTLS
	case operation != nil && operation.Op == "proxyconnect":
		return proxied
	case operation != nil && operation.Op == "dial", errors.As(err, new(*net.DNSError)):
		return unreachable
	case network != nil && network.Timeout():
		return slow
	}
	return unavailable
}
