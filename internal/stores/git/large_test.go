// SPDX-License-Identifier: Apache-2.0

package git

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

func incompressible(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

const takes = 1 << 20 // bytes

func tooMuch(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.ContentLength < 0 || r.ContentLength > takes)
}

// fronts are proxies that take requests of at most a megabyte. Each refuses larger ones in another
// way.
var fronts = map[string]struct {
	refuse func(w http.ResponseWriter, r *http.Request)
	says   string
}{
	"says so": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) }, "the push is too large"},
	"hangs": {func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the end of the connection is seen
		<-r.Context().Done()
	}, "takes too long to answer"},
	"gives up": {
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGatewayTimeout) }, "takes too long to answer",
	},
	"cuts it off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "the server failed"},
}

// TestTooLarge: one change that is too large fails alone. Small ones that are too large together
// are all written.
func TestTooLarge(t *testing.T) {
	one, want := many(4)
	one[3] = update("ns/003", "w/003/file.yaml", incompressible(3*takes/2))
	delete(want, "w/003/file.yaml")
	var together []statestore.Change
	for i := range 12 {
		id := fmt.Sprintf("ns/%03d", i)
		together = append(together, update(id, "w/"+id, incompressible(130<<10)))
	}
	for name, front := range fronts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			silence := time.Minute
			if name == "hangs" {
				silence = 2 * time.Second
			}
			store, err := New(server.spec(), server.secret(), Options{Dir: t.TempDir(), Silence: silence})
			require.NoError(t, err)
			server.intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if !tooMuch(r) {
					return false
				}
				front.refuse(w, r)
				return true
			})
			out := store.Apply(t.Context(), one)
			require.ErrorContains(t, out[3].Err, front.says)
			assert.NotContains(t, out[3].Err.Error(), "beside")
			out[3].Err = nil
			require.NoError(t, storetest.Errors(out))
			assert.Equal(t, want, server.Files(t))
			require.NoError(t, store.Check(t.Context()), "the others are there")

			require.NoError(t, storetest.Errors(store.Apply(t.Context(), together)))
			assert.Len(t, server.Files(t), len(want)+len(together))
		})
	}
}

// TestSlowHook: a server takes a push, but takes longer than it may.
func TestSlowHook(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store, err := New(server.spec(), server.secret(), Options{Dir: t.TempDir(), Silence: time.Second})
	require.NoError(t, err)
	require.NoError(t, one(t, store, update("ns/a", "a", "1")).Err)
	held, begun := make(chan struct{}), make(chan struct{}, 1)
	server.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/git-receive-pack") {
			begun <- struct{}{}
			<-held
		}
		return false
	})
	err = one(t, store, update("ns/a", "a", "2")).Err
	close(held)
	<-begun
	require.ErrorContains(t, err, "the State Store takes too long to answer; it is tried again later; --store-silence and --store-timeout")
	require.ErrorContains(t, err, "Operation too slow")
	assert.NotContains(t, err.Error(), "spec.url")
	require.ErrorContains(t, store.Check(t.Context()), "takes too long", "not Ready")
	server.intercept(func(http.ResponseWriter, *http.Request) bool { return false })
	require.NoError(t, one(t, store, update("ns/a", "a", "3")).Err)
	require.NoError(t, store.Check(t.Context()))
}
