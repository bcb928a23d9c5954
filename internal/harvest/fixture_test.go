// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
)

const secret = "a-token-that-nobody-may-see"

// runner is a Handler with everything behind it except a cluster.
type runner struct {
	*Handler
	api      client.Client
	registry *prometheus.Registry
	log      *lockedBuffer
}

var (
	pod    = Caller{Namespace: "team", Pod: "render-pod", PodUID: "1-2-3"}
	render = Run{Key: record.Key{Namespace: "team", Run: "render"}, Kind: "TaskRun", Labels: map[string]string{"kratix.io/promise-name": "db"}}
)

// newRunner knows one token and one run, unless change says otherwise.
func newRunner(t *testing.T, change func(o *Options)) *runner {
	t.Helper()
	r := &runner{api: fake.NewClientBuilder().Build(), registry: prometheus.NewRegistry(), log: &lockedBuffer{}}
	o := Options{
		Reviewer: reviewer(func(token string) (Caller, error) {
			if token != secret {
				return Caller{}, ErrUnauthenticated
			}
			return pod, nil
		}),
		Runs:       runs(func(Caller) (Run, error) { return render, nil }),
		Records:    &record.Store{Writer: r.api, Reader: r.api, Namespace: "system"},
		Check:      func(Run, bundle.Contents) ([]string, error) { return nil, nil },
		SpoolDir:   t.TempDir(),
		Registerer: r.registry,
		Log:        funcr.NewJSON(func(line string) { r.log.WriteString(line + "\n") }, funcr.Options{Verbosity: 9}),
	}
	if change != nil {
		change(&o)
	}
	var err error
	r.Handler, err = NewHandler(o)
	require.NoError(t, err)
	return r
}

type reviewer func(token string) (Caller, error)

func (f reviewer) Review(_ context.Context, token string) (Caller, error) { return f(token) }

type runs func(c Caller) (Run, error)

func (f runs) Of(_ context.Context, c Caller) (Run, error) { return f(c) }

// putter is a Records whose Put does something else.
type putter struct {
	Records
	put func(store func() (record.Record, bool, error)) (record.Record, bool, error)
}

func (p putter) Put(ctx context.Context, key record.Key, from record.Origin, digest string, size int64, in io.Reader) (record.Record, bool, error) {
	return p.put(func() (record.Record, bool, error) { return p.Records.Put(ctx, key, from, digest, size, in) })
}

// heads counts the records.
func (r *runner) heads(t *testing.T) int {
	t.Helper()
	all := &corev1.ConfigMapList{}
	require.NoError(t, r.api.List(t.Context(), all, client.HasLabels{record.Label}))
	return len(all.Items)
}

// results are the counted answers.
func (r *runner) results(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := r.registry.Gather()
	require.NoError(t, err)
	found := map[string]float64{}
	for _, family := range families {
		if family.GetName() == "kratix_runner_harvests_total" {
			for _, m := range family.Metric {
				found[m.Label[0].GetValue()] = m.Counter.GetValue()
			}
		}
	}
	return found
}

// stored is the bundle of the one run.
func (r *runner) stored(t *testing.T) []byte {
	t.Helper()
	store := &record.Store{Writer: r.api, Reader: r.api, Namespace: "system"}
	have, err := store.Get(t.Context(), render.Key)
	require.NoError(t, err)
	opened, err := store.Open(t.Context(), have)
	require.NoError(t, err)
	data, err := io.ReadAll(opened)
	require.NoError(t, err)
	return data
}

// certificate is the standard library's for tests, for 127.0.0.1; ca is its authority.
var certificate, ca = func() (tls.Certificate, []byte) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	return server.TLS.Certificates[0], pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}()

// serve runs a Server at an address, any if it is empty, and stops it with the test or
// with the function.
func serve(t *testing.T, handler http.Handler, address string) (string, func()) {
	t.Helper()
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	s := &Server{
		Listener: listener, Handler: handler,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &certificate, nil },
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Start(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	t.Cleanup(stop)
	return listener.Addr().String(), stop
}

// pack is a bundle of files.
func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	tree, err := bundle.Scan(lay(t, files), bundle.DefaultLimits())
	require.NoError(t, err)
	var out bytes.Buffer
	_, err = tree.WriteTo(&out)
	require.NoError(t, err)
	return out.Bytes()
}

func lay(t *testing.T, files map[string]string) bundle.Directories {
	t.Helper()
	root := t.TempDir()
	dirs := bundle.Directories{Output: filepath.Join(root, "output"), Metadata: filepath.Join(root, "metadata")}
	require.NoError(t, errors.Join(os.Mkdir(dirs.Output, 0o755), os.Mkdir(dirs.Metadata, 0o755)))
	for name, content := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(content), 0o600))
	}
	return dirs
}

// request is a good one, unless change makes it another.
func request(t *testing.T, address string, body []byte, change func(r *http.Request)) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+address+protocol.Path, bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Content-Type", protocol.MediaType)
	r.Header.Set(protocol.DigestHeader, protocol.FormatDigest(sha256.Sum256(body)))
	if change != nil {
		change(r)
	}
	return r
}

// send returns the status and the text of the answer.
func send(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(ca))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ExpectContinueTimeout: time.Minute, DisableKeepAlives: true}
	answer, err := (&http.Client{Transport: transport}).Do(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, strings.TrimSpace(string(text))
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) WriteString(s string) { _, _ = b.Write([]byte(s)) }

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
