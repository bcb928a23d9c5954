// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// wire serves what is in api over HTTP, and cuts a connection in the middle of an answer.
type wire struct {
	api client.Reader
	// cut is the number of bytes of the answers, without headers, after which the
	// connection is cut; negative means never.
	cut atomic.Int64
	// reset breaks the connection as a firewall does, and does not close it.
	reset bool
}

func (w *wire) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	m := &corev1.ConfigMap{}
	if err := w.api.Get(r.Context(), client.ObjectKey{Namespace: system, Name: path.Base(r.URL.Path)}, m); err != nil {
		http.Error(out, err.Error(), http.StatusNotFound)
		return
	}
	m.APIVersion, m.Kind = "v1", "ConfigMap"
	body, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	out.Header().Set("Content-Type", "application/json")
	left := w.cut.Add(-int64(len(body))) + int64(len(body))
	if left < 0 || left >= int64(len(body)) {
		_, _ = out.Write(body)
		return
	}
	connection, buffered, err := out.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintf(buffered, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:left])
	_ = buffered.Flush()
	if w.reset {
		_ = connection.(*net.TCPConn).SetLinger(0)
	}
	_ = connection.Close()
}

// TestCutConnectionIsNoDamage reads a record with a real client, and cuts the connection at
// random bytes. That is no ErrDamaged: the bytes did not arrive.
func TestCutConnectionIsNoDamage(t *testing.T) {
	for name, size := range map[string]int{"head": 5000, "chunks": 2 * chunkBytes} {
		for _, reset := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, reset %t", name, reset), func(t *testing.T) {
				s, api := open(interceptor.Funcs{})
				r, _, err := put(t, s, noise(size))
				require.NoError(t, err)
				over := &wire{api: api, reset: reset}
				over.cut.Store(-1)
				s.Reader = over.client(t)
				_, err = read(t, s, r)
				require.NoError(t, err, "not cut")

				seed := rand.Uint64()
				t.Logf("seed %d", seed)
				by := rand.New(rand.NewPCG(seed, 0))
				for range 20 {
					over.cut.Store(by.Int64N(int64(size)))
					_, err := read(t, s, r)
					require.Error(t, err)
					assert.NotErrorIs(t, err, ErrDamaged)
				}
			})
		}
	}
}

func (w *wire) client(t *testing.T) client.Client {
	t.Helper()
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, meta.RESTScopeNamespace)
	c, err := client.New(&rest.Config{Host: server.URL, QPS: -1}, client.Options{Mapper: mapper})
	require.NoError(t, err)
	return c
}
