// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
)

// runner stands in for the real one; internal/harvest tests the step with that.
type runner struct {
	handler http.HandlerFunc
	harvest *harvest
	log     bytes.Buffer
	ca      []byte
	file    string
}

// newRunner has a harvest of one file. pauses, if it is there, is called for every pause.
func newRunner(t *testing.T, pauses func(time.Duration)) *runner {
	t.Helper()
	r := &runner{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.handler(w, q) }))
	t.Cleanup(server.Close)
	r.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	endpoint, err := url.Parse(server.URL)
	require.NoError(t, err)
	o := options{endpoint: endpoint, credentials: t.TempDir()}
	o.dirs.Output, o.dirs.Metadata = t.TempDir(), t.TempDir()
	r.file = filepath.Join(o.dirs.Output, "a")
	require.NoError(t, os.WriteFile(r.file, []byte("b"), 0o600))
	r.harvest, err = prepare(o, func(format string, values ...any) { fmt.Fprintf(&r.log, format+"\n", values...) })
	require.NoError(t, err)
	r.harvest.pause = func(_ context.Context, d time.Duration) {
		if pauses != nil {
			pauses(d)
		}
	}
	r.write(t, protocol.TokenFile, []byte("first"))
	r.write(t, protocol.CAFile, r.ca)
	return r
}

func (r *runner) write(t *testing.T, name string, data []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(r.harvest.credentials, name), data, 0o600))
}

func TestTheRequest(t *testing.T) {
	r := newRunner(t, nil)
	r.handler = func(_ http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		assert.NoError(t, err)
		assert.EqualValues(t, len(body), q.ContentLength)
		assert.Equal(t, protocol.Path, q.URL.Path)
		assert.Equal(t, "Bearer first", q.Header.Get("Authorization"))
		assert.Equal(t, "100-continue", q.Header.Get("Expect"))
		assert.Equal(t, protocol.FormatDigest(r.harvest.digest), q.Header.Get(protocol.DigestHeader))
	}
	require.NoError(t, r.harvest.send(t.Context()))
	assert.Contains(t, r.log.String(), "the runner has the bundle: OK")
}

// The kubelet renews the token, and the runner its CA, while the step waits.
func TestCredentialsAreReadAnew(t *testing.T) {
	attempts := 0
	var r *runner
	r = newRunner(t, func(time.Duration) {
		switch attempts++; attempts {
		case 1:
			r.write(t, protocol.CAFile, []byte("nothing"))
		case 2:
			r.write(t, protocol.CAFile, r.ca)
			r.write(t, protocol.TokenFile, []byte("second"))
		}
	})
	r.write(t, protocol.CAFile, stranger(t))
	r.handler = func(_ http.ResponseWriter, q *http.Request) {
		assert.Equal(t, "Bearer second", q.Header.Get("Authorization"))
	}
	require.NoError(t, r.harvest.send(t.Context()))
	assert.Equal(t, 2, attempts)
	assert.Contains(t, r.log.String(), "the runner's certificate is not trusted")
	assert.Contains(t, r.log.String(), "has no certificate yet")
}

// stranger is the certificate of somebody else.
func stranger(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestMissingCredentials(t *testing.T) {
	var r *runner
	r = newRunner(t, func(time.Duration) { r.write(t, protocol.TokenFile, []byte("first")) })
	require.NoError(t, os.Remove(filepath.Join(r.harvest.credentials, protocol.TokenFile)))
	r.handler = func(http.ResponseWriter, *http.Request) {}
	require.NoError(t, r.harvest.send(t.Context()))
	assert.Contains(t, r.log.String(), "the runner's credentials are not there")
}

func TestDenialsEnd(t *testing.T) {
	attempts := 0
	r := newRunner(t, nil)
	r.handler = func(w http.ResponseWriter, _ *http.Request) {
		attempts++
		if attempts == maxDenials-1 {
			w.WriteHeader(http.StatusServiceUnavailable) // a runner that starts again
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}
	err := r.harvest.send(t.Context())
	assert.ErrorContains(t, err, "the runner answered 403: Forbidden; check that")
	assert.Equal(t, maxDenials-1+maxDenials, attempts)
}

func TestTheLogIsQuiet(t *testing.T) {
	attempts := 0
	r := newRunner(t, nil)
	r.handler = func(w http.ResponseWriter, _ *http.Request) {
		if attempts++; attempts < 40 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	require.NoError(t, r.harvest.send(t.Context()))
	assert.Equal(t, 1, bytes.Count(r.log.Bytes(), []byte("trying again")))
}

func TestPauses(t *testing.T) {
	for attempt := range 100 {
		pause := nextPause(attempt, errors.New("away"))
		want := min(firstPause<<min(attempt, 30), lastPause)
		assert.GreaterOrEqual(t, pause, want/2)
		assert.Less(t, pause, want*3/2)
	}
	assert.GreaterOrEqual(t, nextPause(0, later{errors.New("busy"), 4 * time.Second}), 2*time.Second)
	assert.Less(t, nextPause(0, later{errors.New("busy"), time.Hour}), lastPause*3/2)
}

func TestFilesThatChangeAreNotSent(t *testing.T) {
	r := newRunner(t, func(time.Duration) { t.Error("a second attempt") })
	r.handler = func(_ http.ResponseWriter, q *http.Request) {
		_, err := io.ReadAll(q.Body)
		assert.Error(t, err, "the runner got it")
	}
	require.NoError(t, os.WriteFile(r.file, []byte("longer"), 0o600))
	assert.ErrorContains(t, r.harvest.send(t.Context()), "changed while it was delivered")
}
