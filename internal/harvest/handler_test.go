// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
)

func TestHarvest(t *testing.T) {
	var checked bundle.Contents
	r := newRunner(t, func(o *Options) {
		o.Check = func(run Run, c bundle.Contents) ([]string, error) {
			assert.Equal(t, render, run)
			checked = c
			return []string{"status.yaml:1:1: a warning"}, nil
		}
	})
	address, _ := serve(t, r, "")
	data := pack(t, map[string]string{"output/edge/a.yaml": "kind: A", "metadata/status.yaml": "a: b"})

	status, text := send(t, request(t, address, data, nil))
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "stored\nstatus.yaml:1:1: a warning", text)
	assert.Equal(t, data, r.stored(t))
	assert.Equal(t, []string{"edge"}, checked.Directories)
	assert.Equal(t, "a: b", string(checked.Metadata["status.yaml"]))

	status, text = send(t, request(t, address, data, nil))
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "stored already", text)
	status, text = send(t, request(t, address, pack(t, nil), nil))
	assert.Equal(t, http.StatusConflict, status)
	assert.Contains(t, text, "another bundle was stored for this run")
	assert.Equal(t, data, r.stored(t))

	assert.NotContains(t, r.log.String(), secret)
	assert.NotContains(t, r.log.String(), "kind: A")
	assert.Contains(t, r.log.String(), `"pod":"render-pod"`)
	assert.Equal(t, map[string]float64{"conflict": 1, "repeated": 1, "stored": 1}, r.results(t))
	left, err := os.ReadDir(r.SpoolDir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestRefusals(t *testing.T) {
	header := func(key, value string) func(r *http.Request) {
		return func(r *http.Request) { r.Header.Set(key, value) }
	}
	runsFail := func(err error) func(o *Options) {
		return func(o *Options) { o.Runs = runs(func(Caller) (Run, error) { return Run{}, err }) }
	}
	for name, c := range map[string]struct {
		request func(r *http.Request)
		runner  func(o *Options)
		body    string
		status  int
		text    string
	}{
		"method":         {request: func(r *http.Request) { r.Method = http.MethodPut }, status: 405},
		"path":           {request: func(r *http.Request) { r.URL.Path = "/" }, status: 404},
		"media type":     {request: header("Content-Type", "text/plain"), status: 415, text: "a bundle is application/x-tar"},
		"no digest":      {request: header(protocol.DigestHeader, ""), status: 400, text: "the header Content-Digest must be"},
		"short digest":   {request: header(protocol.DigestHeader, "sha-256=:AAAA:"), status: 400, text: "the header Content-Digest must be"},
		"another digest": {request: header(protocol.DigestHeader, protocol.FormatDigest(bundle.Digest{})), status: 400, text: "the header says 0000"},
		"no length":      {request: func(r *http.Request) { r.ContentLength = -1 }, status: 411},
		"large":          {request: func(r *http.Request) { r.ContentLength = 1 << 30; r.Header.Set("Expect", "100-continue") }, status: 413, text: "the bundle has 1073741824 bytes and may have 9"},
		"no token":       {request: header("Authorization", ""), status: 401},
		"another scheme": {request: header("Authorization", "Basic "+secret), status: 401},
		"long token":     {request: header("Authorization", "Bearer "+strings.Repeat("x", maxToken+1)), status: 401},
		"another token":  {request: header("Authorization", "Bearer x"), status: 401, text: "not valid for the runner"},
		"reviewer is away": {runner: func(o *Options) {
			o.Reviewer = reviewer(func(string) (Caller, error) { return Caller{}, errors.New("etcd is away") })
		}, status: 503, text: "its log says why"},
		"no run":        {runner: runsFail(fmt.Errorf("%w: it is a toaster", ErrNoRun)), status: 403, text: "it is a toaster"},
		"superseded":    {runner: runsFail(ErrSuperseded), status: 410, text: "nothing is to be done"},
		"runs are away": {runner: runsFail(errors.New("etcd is away")), status: 503, text: "its log says why"},
		"bad metadata": {
			runner: func(o *Options) {
				o.Check = func(Run, bundle.Contents) ([]string, error) { return nil, errors.New("status.yaml:3:1: reserved") }
			}, status: 422, text: "status.yaml:3:1: reserved",
		},
		"no bundle": {body: strings.Repeat("x", 1024), status: 422, text: "the bundle cannot be read"},
		"no spool":  {runner: func(o *Options) { o.SpoolDir = "/nowhere/at/all" }, status: 503, text: "its log says why"},
		"records are away": {runner: func(o *Options) {
			o.Records = putter{o.Records, func(func() (record.Record, bool, error)) (record.Record, bool, error) {
				return record.Record{}, false, errors.New("etcd is away")
			}}
		}, status: 503, text: "its log says why"},
		"conflict meanwhile": {runner: func(o *Options) {
			o.Records = putter{o.Records, func(func() (record.Record, bool, error)) (record.Record, bool, error) {
				return record.Record{}, false, record.ErrConflict
			}}
		}, status: 409, text: "another bundle"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunner(t, c.runner)
			address, _ := serve(t, r, "")
			body := []byte(c.body)
			if c.body == "" {
				body = pack(t, map[string]string{"output/a": "b"})
			}
			status, text := send(t, request(t, address, body, c.request))
			assert.Equal(t, c.status, status)
			assert.Contains(t, text, c.text)
			assert.NotContains(t, text, "etcd", "the cause is nothing for a step's log")
			assert.NotContains(t, r.log.String(), secret)
			assert.Zero(t, r.heads(t))
		})
	}
}

// A bundle that is stored already, or is not wanted, is not sent at all.
func TestNothingIsSentInVain(t *testing.T) {
	r := newRunner(t, func(o *Options) { o.Runs = runs(func(Caller) (Run, error) { return Run{}, ErrSuperseded }) })
	address, _ := serve(t, r, "")
	conn, in := dial(t, address)
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n%s: %s\r\nContent-Length: 9999\r\nExpect: 100-continue\r\n\r\n",
		protocol.Path, secret, protocol.MediaType, protocol.DigestHeader, protocol.FormatDigest(bundle.Digest{}))
	assert.Equal(t, "HTTP/1.1 410 Gone\r\n", line(t, in))
}

func dial(t *testing.T, address string) (*tls.Conn, *bufio.Reader) {
	t.Helper()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(ca))
	conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: pool}}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*tls.Conn), bufio.NewReader(conn)
}

func line(t *testing.T, in *bufio.Reader) string {
	t.Helper()
	text, err := in.ReadString('\n')
	require.NoError(t, err)
	return text
}

// A sender that is slow or silent keeps neither a connection nor a place.
func TestSlowSenders(t *testing.T) {
	r := newRunner(t, func(o *Options) { o.Uploads = 1 })
	r.uploadTime = func(int64) time.Duration { return 300 * time.Millisecond }
	r.reviewTime = 150 * time.Millisecond
	address, _ := serve(t, r, "")

	conn, in := dial(t, address)
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n%s: %s\r\nContent-Length: 9999\r\nExpect: 100-continue\r\n\r\n",
		protocol.Path, secret, protocol.MediaType, protocol.DigestHeader, protocol.FormatDigest(bundle.Digest{}))
	assert.Equal(t, "HTTP/1.1 100 Continue\r\n", line(t, in))
	assert.Equal(t, "\r\n", line(t, in))
	_, err := conn.Write([]byte("some"))
	require.NoError(t, err)
	status, text := send(t, request(t, address, pack(t, nil), nil))
	assert.Equal(t, http.StatusServiceUnavailable, status, "its place is taken")
	assert.Contains(t, text, "as many bundles as it can")
	assert.Equal(t, "HTTP/1.1 408 Request Timeout\r\n", line(t, in))
	status, _ = send(t, request(t, address, pack(t, nil), nil))
	assert.Equal(t, http.StatusOK, status)

	conn, in = dial(t, address)
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 9999\r\n\r\n", protocol.Path, protocol.MediaType)
	assert.Equal(t, "HTTP/1.1 400 Bad Request\r\n", line(t, in))
	_, err = io.Copy(io.Discard, in)
	assert.NoError(t, err, "the connection ends, although the body never comes")
}

// TestPlacesOfNamespaces: a Pod of one tenant sends slowly, and as often as it can at once.
func TestPlacesOfNamespaces(t *testing.T) {
	r := newRunner(t, func(o *Options) {
		o.Reviewer = reviewer(func(token string) (Caller, error) {
			if token == secret {
				return pod, nil
			}
			return Caller{Namespace: "another", Pod: "pod", PodUID: "4-5-6"}, nil
		})
	})
	address, _ := serve(t, r, "")
	for i := range defaultUploads {
		conn, in := dial(t, address)
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n%s: %s\r\nContent-Length: 9999\r\nExpect: 100-continue\r\n\r\n",
			protocol.Path, secret, protocol.MediaType, protocol.DigestHeader, protocol.FormatDigest(bundle.Digest{}))
		want := "HTTP/1.1 503 Service Unavailable\r\n"
		if i < defaultUploads/2 {
			want = "HTTP/1.1 100 Continue\r\n"
		}
		require.Equal(t, want, line(t, in), i)
	}
	other := request(t, address, pack(t, nil), nil)
	other.Header.Set("Authorization", "Bearer of-another")
	status, text := send(t, other)
	assert.Equal(t, http.StatusOK, status, text)
}

// TestHarvestAmongStrangers: 2,000 silent connections, or 600 without a token whose bodies
// do not end, delay no harvest.
func TestHarvestAmongStrangers(t *testing.T) {
	r := newRunner(t, nil)
	address, _ := serve(t, r, "")
	harvest := func() {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		status, text := send(t, request(t, address, pack(t, nil), nil).WithContext(ctx))
		assert.Equal(t, http.StatusOK, status, text)
	}
	for range 2000 {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
	}
	harvest()
	for range 600 {
		conn, _ := dial(t, address)
		fmt.Fprintf(conn, "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nsome")
	}
	harvest()
}

func TestTooManyWhoAsk(t *testing.T) {
	arrived, leave := make(chan struct{}), make(chan struct{})
	r := newRunner(t, func(o *Options) {
		o.Uploads = 1
		o.Reviewer = reviewer(func(string) (Caller, error) {
			arrived <- struct{}{}
			<-leave
			return pod, nil
		})
	})
	address, _ := serve(t, r, "")
	var all sync.WaitGroup
	for range reviewsPerUpload {
		all.Go(func() { send(t, request(t, address, pack(t, nil), nil)) })
		<-arrived
	}
	status, _ := send(t, request(t, address, pack(t, nil), nil))
	assert.Equal(t, http.StatusServiceUnavailable, status)
	close(leave)
	all.Wait()
}

// A sender that gives up while its bundle is being stored finds it stored.
func TestStoringGoesOnWithoutTheSender(t *testing.T) {
	storing, gone := make(chan struct{}), make(chan struct{})
	r := newRunner(t, func(o *Options) {
		o.Records = putter{o.Records, func(store func() (record.Record, bool, error)) (record.Record, bool, error) {
			close(storing)
			<-gone
			return store()
		}}
	})
	address, stop := serve(t, r, "")
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(ca)
		answer, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}).Do(request(t, address, pack(t, nil), nil).WithContext(ctx))
		if err == nil {
			_ = answer.Body.Close()
		}
		failed <- err
	}()
	<-storing
	cancel()
	assert.ErrorIs(t, <-failed, context.Canceled)
	close(gone)
	stop()
	assert.Equal(t, 1, r.heads(t))
}
