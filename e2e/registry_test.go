// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A privateRegistry is one on this machine's loopback that can go away, and knows who asked
// it. Nodes elsewhere cannot reach it.
type privateRegistry struct {
	address string
	close   func()
	mu      sync.Mutex
	asked   map[string]bool // by the first word of the client's name
}

func startRegistry(t *testing.T) *privateRegistry {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	r := &privateRegistry{address: "localhost:" + port, asked: map[string]bool{}}
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		client, _, _ := strings.Cut(request.UserAgent(), "/")
		r.mu.Lock()
		r.asked[client] = true
		r.mu.Unlock()
		images.ServeHTTP(w, request)
	})}
	go server.Serve(listener) //nolint:errcheck // ends when it is closed
	r.close = func() { _ = server.Close() }
	t.Cleanup(r.close)
	return r
}

// copy takes an image over, and forgets that this test asked.
func (r *privateRegistry) copy(t *testing.T, image string) string {
	t.Helper()
	from, err := name.ParseReference(image)
	require.NoError(t, err)
	to, err := name.ParseReference(r.address + "/" + from.Context().RepositoryStr() + ":e2e")
	require.NoError(t, err)
	content, err := remote.Image(from, remote.WithContext(t.Context()))
	require.NoError(t, err)
	require.NoError(t, remote.Write(to, content, remote.WithContext(t.Context())))
	r.clients()
	return to.String()
}

// clients are those that asked since the last time.
func (r *privateRegistry) clients() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = map[string]bool{}
	return slices.Sorted(maps.Keys(asked))
}

// TestRegistry demands that an engine never asks a registry where a container has a command,
// and shows what happens where it has none and the registry is away for a moment.
func TestRegistry(t *testing.T) {
	const refused = "translating TaskSpec to Pod: Get"
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			r := startRegistry(t)
			image := r.copy(t, images["IMAGE"])
			compile := func(fields string, options map[string]string) []*unstructured.Unstructured {
				spec := "jobOptions: {backoffLimit: 0}\ncontainers: [{name: only, image: '" + image + "', " + fields + "}]"
				return newCase(t, "registry", onePipeline(spec), options).compile(t, e.name)
			}
			looked := filepath.Join(t.TempDir(), "images.yaml")
			compile("", map[string]string{"resolve-images": "true", "save-image-config": looked})
			require.NotEmpty(t, r.clients(), "the compiler asked")

			e.succeed(t, compile("command: [probe]", nil))
			assert.Equal(t, []string{"containerd"}, r.clients(), "only the node may ask; from now on it has the image")
			r.close()
			e.succeed(t, compile("command: [probe]", nil))
			e.succeed(t, compile("", map[string]string{"image-config": looked}))

			run := e.run(t, compile("", nil))[0]
			_, succeeded := e.end(run)
			assert.Equal(t, e.name == "argo", succeeded)
			if !succeeded {
				assert.Equal(t, "PodCreationFailed", e.reason(run))
				assert.Contains(t, describe(run), refused)
			}
		})
	}
}
