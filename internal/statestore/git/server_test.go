// SPDX-License-Identifier: Apache-2.0

package git

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
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
	"github.com/kratix-compile/kratix-compile/internal/statestore"
	"github.com/kratix-compile/kratix-compile/internal/statestore/storetest"
)

// server is git's own server behind HTTPS, with one repository.
type testServer struct {
	*httptest.Server
	dir string // the repository
	// before may answer instead of git.
	before atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
	// fetches and pushes count the requests that carry packs.
	fetches, pushes, requests atomic.Int64
	received                  atomic.Int64 // bytes of pushes
}

const gitUser, password = "kratix", "s3cr3t-passw0rd"

func newServer(t testing.TB) *testServer {
	root := t.TempDir()
	s := &testServer{dir: filepath.Join(root, "store.git")}
	for _, dir := range []string{"objects", "refs", "hooks"} {
		require.NoError(t, os.MkdirAll(filepath.Join(s.dir, dir), 0o755))
	}
	s.write(t, "HEAD", "ref: refs/heads/main\n")
	s.write(t, "config", "[core]\n\tbare = true\n[uploadpack]\n\tallowFilter = true\n")
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
	return v1alpha1.GitStateStoreSpec{URL: s.URL + "/store.git", Path: "/" + prefix}
}

func (s *testServer) open(t testing.TB) *Store {
	store, err := New(s.spec(), s.secret(), Options{Dir: t.TempDir()})
	require.NoError(t, err)
	return store
}

// intercept answers requests instead of git as long as it returns true.
func (s *testServer) intercept(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.before.Store(&f)
}

func (s *testServer) hook(t testing.TB, name, script string) {
	s.write(t, "hooks/"+name, "#!/bin/sh\n"+script)
}

func (s *testServer) write(t testing.TB, name, content string) {
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o755))
}

// tip is the commit of main, or empty if there is none.
func (s *testServer) tip(t testing.TB) string {
	return strings.TrimSpace(run(t, s.dir, "for-each-ref", "--format=%(objectname)", "refs/heads/main"))
}

func (s *testServer) commits(t testing.TB) int {
	if s.tip(t) == "" {
		return 0
	}
	return len(strings.Fields(run(t, s.dir, "rev-list", "main")))
}

func (s *testServer) files(t testing.TB) map[string]string {
	files := map[string]string{}
	if s.tip(t) == "" {
		return files
	}
	archive := tar.NewReader(strings.NewReader(run(t, s.dir, "archive", "main")))
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		if below, is := strings.CutPrefix(head.Name, prefix); is && head.Typeflag == tar.TypeReg {
			content, err := io.ReadAll(archive)
			require.NoError(t, err)
			files[below] = string(content)
		}
	}
}

// prefix is that of files below spec.path.
const prefix = "clusters/prod/"

// foreign commits as somebody else.
func (s *testServer) foreign(t testing.TB, put map[string]string, remove ...string) {
	var stream strings.Builder
	stream.WriteString("commit refs/heads/main\ncommitter somebody <else@example.com> 0 +0000\ndata 7\nBy hand\n")
	if tip := s.tip(t); tip != "" {
		stream.WriteString("from " + tip + "\n")
	}
	for _, at := range remove {
		stream.WriteString("D " + prefix + at + "\n")
	}
	for at, content := range put {
		fmt.Fprintf(&stream, "M 100644 inline %s\ndata %d\n%s\n", prefix+at, len(content), content)
	}
	feed(t, s.dir, stream.String(), "fast-import", "--quiet")
}

func run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	return feed(t, dir, "", args...)
}

func feed(t testing.TB, dir, stdin string, args ...string) string {
	t.Helper()
	command := exec.Command("git", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	command.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, "git %s\n%s", strings.Join(args, " "), stderr.String())
	return string(out)
}

// TestConformance has the repository on the same disk, which is three times as fast; e2e has
// it behind HTTPS and SSH, and without partial clones.
func TestConformance(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Place {
		s := newServer(t)
		return storetest.Place{Open: s.openFile, Files: s.files, Foreign: s.foreign}
	})
}

func (s *testServer) openFile(t testing.TB) statestore.Store {
	store, err := newStore(settings{
		url: "file://" + s.dir, branch: "main", path: strings.Trim(prefix, "/"), author: "kratix", protocols: []string{"file"}, auth: nobody{},
	}, Options{Dir: t.TempDir()})
	require.NoError(t, err)
	return store
}

// nobody needs no credentials.
type nobody struct{}

func (nobody) configure(context.Context, string) (string, []string, error) { return "", nil, nil }

func (nobody) renew() {}
