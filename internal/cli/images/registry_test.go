// SPDX-License-Identifier: Apache-2.0

package images

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends"
)

// hub is a registry in this process. It counts what is asked of it.
type hub struct {
	host   string
	before func(http.ResponseWriter, *http.Request) (done bool)

	mu   sync.Mutex
	seen traffic
	busy int
}

type traffic struct {
	requests map[string]int
	agents   map[string]bool
	// most is how many requests were under way at once.
	most int
}

func noTraffic() traffic { return traffic{requests: map[string]int{}, agents: map[string]bool{}} }

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{seen: noTraffic()}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer h.count(r)()
		if h.before != nil && h.before(w, r) {
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.host = strings.TrimPrefix(server.URL, "http://")
	anonymous(t)
	return h
}

func (h *hub) count(r *http.Request) (leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen.requests[r.Method+" "+r.URL.Path]++
	h.seen.agents[r.UserAgent()] = true
	h.busy++
	h.seen.most = max(h.seen.most, h.busy)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.busy--
	}
}

// traffic is what was seen since it was last asked for.
func (h *hub) traffic() traffic {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := h.seen
	h.seen = noTraffic()
	return seen
}

func (h *hub) push(t *testing.T, path string, config backends.Image, login ...remote.Option) string {
	t.Helper()
	ref := h.ref(t, path)
	require.NoError(t, remote.Write(ref, image(t, config), login...))
	return ref.String()
}

// pushIndex pushes an image for several platforms.
func (h *hub) pushIndex(t *testing.T, path string, platforms map[string]backends.Image) string {
	t.Helper()
	var index v1.ImageIndex = empty.Index
	for name, config := range platforms {
		platform, err := v1.ParsePlatform(name)
		require.NoError(t, err)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image(t, config),
			Descriptor: v1.Descriptor{Platform: platform},
		})
	}
	ref := h.ref(t, path)
	require.NoError(t, remote.WriteIndex(ref, index))
	return ref.String()
}

func (h *hub) ref(t *testing.T, path string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(h.host + "/" + path)
	require.NoError(t, err)
	return ref
}

func image(t *testing.T, config backends.Image) v1.Image {
	t.Helper()
	image, err := mutate.Config(empty.Image, v1.Config{Entrypoint: config.Entrypoint, Cmd: config.Cmd})
	require.NoError(t, err)
	return image
}

// basic lets nobody in without the password.
func basic(w http.ResponseWriter, r *http.Request) bool {
	user, password, _ := r.BasicAuth()
	if user == "kratix" && password == "letmein" {
		return false
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="hub"`)
	w.WriteHeader(http.StatusUnauthorized)
	return true
}

var password = remote.WithAuth(&authn.Basic{Username: "kratix", Password: "letmein"})

func anonymous(t *testing.T) { dockerConfig(t, `{}`) }

// dockerConfig takes the place of the developer's own logins.
func dockerConfig(t *testing.T, content string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(content), 0o600))
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("HOME", dir)
}
