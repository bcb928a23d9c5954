// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// TestLimitsReachTheServers: a store gives a silent server up after the time that the installation
// has set.
func TestLimitsReachTheServers(t *testing.T) {
	silent := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	secure, plain := httptest.NewTLSServer(silent), httptest.NewServer(silent)
	t.Cleanup(secure.Close)
	t.Cleanup(plain.Close)
	limits := Limits{Batch: time.Minute, Silence: time.Second}

	g := &v1alpha1.GitStateStore{}
	g.Spec.URL, g.Spec.Insecure = secure.URL+"/store.git", true
	repository, err := GitStores(t.TempDir(), limits)(g, map[string][]byte{"username": []byte("u"), "password": []byte("p")})
	require.NoError(t, err)

	b := &v1alpha1.BucketStateStore{}
	b.Spec.BucketName, b.Spec.Insecure, b.Spec.Endpoint = "fleet", true, plain.Listener.Addr().(*net.TCPAddr).String()
	bucket, err := BucketStores(limits)(b, map[string][]byte{"accessKeyID": []byte("k"), "secretAccessKey": []byte("s")})
	require.NoError(t, err)

	for _, store := range []statestore.Store{repository, bucket} {
		begin := time.Now()
		require.ErrorContains(t, store.Check(t.Context()), "takes too long to answer")
		assert.Less(t, time.Since(begin), limits.Batch/3)
	}
}
