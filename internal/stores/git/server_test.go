// SPDX-License-Identifier: Apache-2.0

package git

import (
	"bytes"
	"context"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

// server is git's own server behind HTTPS, with one repository.
type testServer struct {
	*httptest.Server
	storetest.Repository
	// before may answer instead of git.
	before atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
	// fetches and pushes count the requests that carry packs.
	fetches, pushes, requests atomic.Int64
	received                  atomic.Int64 // bytes of pushes
}

const gitUser, password = "kratix", "s3cr3t-passw0rd"

func newServer(t testing.TB) *testServer {
	root := t.TempDir()
	s := &testServer{Repository: storetest.Repository{Dir: filepath.Join(root, "store.git")}}
	for _, dir := range []string{"objects", "refs"} {
		require.NoError(t, os.MkdirAll(filepath.Join(s.Dir, dir), 0o755))
	}
	s.Write(t, "HEAD", "ref: refs/heads/main\n")
	s.Write(t, "config", "[core]\n\tbare = true\n[uploadpack]\n\tallowFilter = true\n")
	git, err := exec.LookPath("git")
	require.NoError(t, err)
	backend := &cgi.Handler{
		Path: git, Args: []string{"-c", "receive.autoGC=false", "http-backend"}, Stderr: io.Discard,
		Env:        []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=" + gitUser},
		InheritEnv: []string{"PATH"},
	}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if before := s.before.Load(); before != nil && (*before)(w, r) {
			return
		}
		if u, p, _ := r.BasicAuth(); u != gitUser || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/git-receive-pack"):
			s.pushes.Add(1)
			s.received.Add(int64(len(body)))
		case strings.HasSuffix(r.URL.Path, "/git-upload-pack"):
			s.fetches.Add(1)
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		backend.ServeHTTP(w, r)
	}))
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	return s
}

func (s *testServer) ca() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

func (s *testServer) secret() map[string][]byte {
	return map[string][]byte{"username": []byte(gitUser), "password": []byte(password), "ca.crt": s.ca()}
}

func (s *testServer) spec() v1alpha1.GitStateStoreSpec {
	return v1alpha1.GitStateStoreSpec{URL: s.URL + "/store.git", Path: "/" + storetest.Prefix}
}

func (s *testServer) open(t testing.TB) *Store {
	store, err := New(s.spec(), s.secret(), Options{Dir: t.TempDir()})
	require.NoError(t, err)
	return store
}

// intercept answers requests in git's place as long as it returns true.
func (s *testServer) intercept(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.before.Store(&f)
}

func (s *testServer) commits(t testing.TB) int { return len(s.Trees(t)) }

// TestConformance has the repository on the same disk, which is three times as fast. The suite e2e
// has it behind HTTPS and SSH, and on servers without partial clones.
func TestConformance(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Place {
		s := newServer(t)
		return storetest.Place{Open: s.openFile, Files: s.Files, Foreign: s.Foreign}
	})
}

func (s *testServer) openFile(t testing.TB) statestore.Store {
	store, err := newStore(settings{
		url: "file://" + s.Dir, branch: "main", path: strings.Trim(storetest.Prefix, "/"), author: "kratix", protocol: "file", auth: nobody{},
	}, Options{Dir: t.TempDir()})
	require.NoError(t, err)
	return store
}

// nobody needs no credentials.
type nobody struct{}

func (nobody) configure(context.Context, string) (string, []string, error) { return "", nil, nil }

func (nobody) renew() {}
