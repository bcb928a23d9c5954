// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// front is the HTTPS before a real server. What goes wrong on the way happens here.
type front struct {
	*httptest.Server
	handler http.Handler
	tls     *tls.Config
	ca      []byte // PEM
	// before may answer instead of the server.
	before atomic.Pointer[intercept]
}

type intercept func(w http.ResponseWriter, r *http.Request) bool

func newFront(t testing.TB, handler http.Handler) *front {
	f := &front{handler: handler}
	f.clear()
	var certificate tls.Certificate
	f.ca, certificate = authority(t)
	f.tls = &tls.Config{Certificates: []tls.Certificate{certificate}}
	f.start(t, "127.0.0.1:0")
	t.Cleanup(func() { f.Close() })
	return f
}

func (f *front) start(t testing.TB, address string) {
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	f.Server = &httptest.Server{Listener: listener, TLS: f.tls.Clone(), Config: &http.Server{Handler: f, ErrorLog: log.New(io.Discard, "", 0)}}
	f.StartTLS()
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !(*f.before.Load())(w, r) {
		f.serve(w, r)
	}
}

// serve asks the server.
func (f *front) serve(w http.ResponseWriter, r *http.Request) { f.handler.ServeHTTP(w, r) }

func (f *front) intercept(by intercept) { f.before.Store(&by) }

func (f *front) clear() { f.intercept(func(http.ResponseWriter, *http.Request) bool { return false }) }

// down makes it unreachable until up is called.
func (f *front) down() (up func(t testing.TB)) {
	address := f.Listener.Addr().String()
	f.Close()
	return func(t testing.TB) { f.start(t, address) }
}

func status(code int) intercept {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(code)
		return true
	}
}

// stall never answers.
func stall(_ http.ResponseWriter, r *http.Request) bool {
	<-r.Context().Done()
	return true
}

// authority signs a certificate for this machine.
func authority(t testing.TB) (ca []byte, server tls.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority of our own"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	signed, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	require.NoError(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: root.NotBefore, NotAfter: root.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	certificate, err := x509.CreateCertificate(rand.Reader, leaf, root, &serverKey.PublicKey, key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: serverKey}
}
