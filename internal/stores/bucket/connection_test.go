// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// TestMain makes the client of S3 wait less before it tries again.
func TestMain(m *testing.M) {
	minio.DefaultRetryUnit, minio.DefaultRetryCap = time.Millisecond, time.Millisecond
	os.Exit(m.Run())
}

// certify gives the server a certificate for that name and time, and returns the certificate.
func (f *fake) certify(t *testing.T, name string, until time.Time) (ca []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
		DNSNames: []string{name}, IsCA: true, BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	f.Close()
	f.Server = httptest.NewUnstartedServer(f)
	f.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	f.StartTLS()
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// cut begins a listing and ends the connection.
func cut(w http.ResponseWriter, r *http.Request, _ string) bool {
	if r.URL.Query().Has("location") {
		return false
	}
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, "<ListBucketResult><Contents>")
	panic(http.ErrAbortHandler)
}

// TestWithoutAnAnswer: what becomes of requests that no server answers, or not completely. The
// files have names that are words of errors.
func TestWithoutAnAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		// begin breaks the server. It returns the certificate that the store trusts, unless that
		// is the server's own.
		begin func(*testing.T, *fake) (ca []byte)
		says  string
		words string
	}{
		"down": {func(_ *testing.T, f *fake) []byte {
			f.Close()
			return nil
		}, "the server cannot be reached; correct spec.endpoint", "connection refused"},
		"another name": {func(t *testing.T, f *fake) []byte {
			return f.certify(t, "s3.example.com", time.Now().Add(time.Hour))
		}, "the server's certificate is for another name; correct spec.endpoint", "127.0.0.1"},
		"expired": {func(t *testing.T, f *fake) []byte {
			return f.certify(t, "127.0.0.1", time.Now().Add(-time.Hour))
		}, "the server's certificate has expired, or is not valid yet", "current time"},
		"unknown": {func(t *testing.T, f *fake) []byte {
			ca := f.secret()["ca.crt"]
			f.certify(t, "127.0.0.1", time.Now().Add(time.Hour))
			return ca
		}, "the server's certificate is not trusted; put the authority's certificate into the Secret as ca.crt", "unknown authority"},
		"http": {func(_ *testing.T, f *fake) []byte {
			ca := f.secret()["ca.crt"]
			f.Close()
			f.Server = httptest.NewServer(f)
			return ca
		}, "the server speaks http; set spec.insecure if that is meant", "first record does not look like a TLS handshake"},
		"at once": {func(_ *testing.T, f *fake) []byte {
			f.fail(func(http.ResponseWriter, *http.Request, string) bool { panic(http.ErrAbortHandler) })
			return nil
		}, "the server failed; it is tried again later", "closed in the middle"},
		"in the middle": {func(_ *testing.T, f *fake) []byte {
			f.fail(cut)
			return nil
		}, "the server failed; it is tried again later", "closed in the middle"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			ca := test.begin(t, f)
			if ca == nil {
				ca = f.secret()["ca.crt"]
			}
			spec := f.spec()
			spec.Endpoint = f.Listener.Addr().String()
			s, err := New(spec, map[string][]byte{"accessKeyID": []byte("key"), "secretAccessKey": []byte("s3cr3t"), "ca.crt": ca}, Options{})
			require.NoError(t, err)
			for _, file := range []string{"database.yaml", "IAMRole.yaml", "EC2Instance.yaml", "EOF.yaml", "Connection closed by foreign host", "certificate.yaml"} {
				c := update("ns/a", "d/"+file, "1")
				c.Dir = "d"
				for _, err := range []error{s.Check(t.Context()), s.Apply(t.Context(), []statestore.Change{c})[0].Err} {
					require.ErrorContains(t, err, "bucket state at 127.0.0.1")
					require.ErrorContains(t, err, test.says, file)
					require.ErrorContains(t, err, test.words, file)
				}
			}
		})
	}
}

// TestAnswerTimeout: the message names the limit, which is the installation's.
func TestAnswerTimeout(t *testing.T) {
	f := newFake(t)
	stop := make(chan struct{})
	f.fail(func(http.ResponseWriter, *http.Request, string) bool { <-stop; return true })
	defer close(stop)
	s, err := New(f.spec(), f.secret(), Options{AnswerTimeout: 50 * time.Millisecond})
	require.NoError(t, err)
	require.ErrorContains(t, s.Check(t.Context()), "the server takes too long to answer, more than 50ms; it is tried again later")
}

// TestOnTheWay are causes that no server on this machine has.
func TestOnTheWay(t *testing.T) {
	for want, err := range map[cause]error{
		unreachable:        &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "certificate.IAM.example.com"}},
		slow:               os.ErrDeadlineExceeded,
		unavailable:        &net.OpError{Op: "read", Err: errors.New("connection reset by peer")},
		proxied:            &net.OpError{Op: "proxyconnect", Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}},
		noTLS:              &net.OpError{Op: "remote error", Err: tls.AlertError(40)},
		invalidCertificate: &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}},
		otherName:          &tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}, Host: "a"}},
	} {
		assert.Equal(t, want, onTheWay(fmt.Errorf("so: %w", err)), "%v", err)
	}
	timeout := &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
	assert.Equal(t, unreachable, onTheWay(timeout), "a network that lets nothing out")
}

// TestProxy: a proxy that does not let the runner through is not taken for the server.
func TestProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodConnect, r.Method)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	f := newFake(t)
	through, err := newTransport(f.secret()["ca.crt"], time.Minute)
	require.NoError(t, err)
	through.RoundTripper.(*http.Transport).Proxy = http.ProxyURL(at)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.URL, nil)
	require.NoError(t, err)
	_, err = through.RoundTrip(r) //nolint:bodyclose // there is none
	assert.Equal(t, proxied, causeOf(list.failed("", err)), "%v", err)
	require.ErrorContains(t, err, at.Host+" answers 403 Forbidden")
}

// nobody is a Pod without an identity.
type nobody struct{}

func (nobody) Retrieve() (credentials.Value, error) { return credentials.Value{}, io.ErrUnexpectedEOF }
func (nobody) IsExpired() bool                      { return true }
func (n nobody) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return n.Retrieve()
}

// TestIdentityOfThePod: no error asks for a correction of the Secret, because there is none.
func TestIdentityOfThePod(t *testing.T) {
	f := newFake(t)
	spec := f.spec()
	spec.AuthMethod = v1alpha1.BucketIAM
	client, err := minio.New(spec.Endpoint, &minio.Options{Creds: credentials.New(&identity{nobody{}}), Secure: true})
	require.NoError(t, err)
	require.ErrorContains(t, newStore(spec, client, answerTimeout).Check(t.Context()), "there is no identity of the Pod to use; give its service account one")

	s := newStore(spec, f.open(t).client, answerTimeout)
	f.fail(func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		answer(w, http.StatusForbidden, "InvalidAccessKeyId")
		return true
	})
	err = s.Check(t.Context())
	require.ErrorContains(t, err, "the server refuses the identity of the Pod")
	assert.False(t, strings.Contains(err.Error(), "Secret"), err)
}
