package git

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/pem"
	"errors"
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
	run(t, root, "init", "--quiet", "--bare", "--initial-branch=main", s.dir)
	run(t, s.dir, "config", "uploadpack.allowFilter", "true")
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
	return v1alpha1.GitStateStoreSpec{URL: s.URL + "/store.git", Path: "/clusters/prod/"}
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
	file := filepath.Join(s.dir, "hooks", name)
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o755))
}

func (s *testServer) commits(t testing.TB) int {
	if run(t, s.dir, "for-each-ref", "refs/heads/main") == "" {
		return 0
	}
	return len(strings.Fields(run(t, s.dir, "rev-list", "main")))
}

func (s *testServer) files(t testing.TB) map[string]string {
	return filesOf(t, s.dir, "clusters/prod/")
}

func (s *testServer) foreign(t testing.TB, put map[string]string, remove ...string) {
	foreign(t, s.dir, "clusters/prod/", put, remove...)
}

func filesOf(t testing.TB, dir, prefix string) map[string]string {
	files := map[string]string{}
	if run(t, dir, "for-each-ref", "refs/heads/main") == "" {
		return files
	}
	archive := tar.NewReader(strings.NewReader(run(t, dir, "archive", "main")))
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

// foreign commits as somebody else, with a work tree.
func foreign(t testing.TB, dir, prefix string, put map[string]string, remove ...string) {
	work := filepath.Join(t.TempDir(), "work")
	run(t, dir, "clone", "--quiet", dir, work)
	if run(t, dir, "for-each-ref", "refs/heads/main") == "" {
		run(t, work, "symbolic-ref", "HEAD", "refs/heads/main")
	}
	for at, content := range put {
		file := filepath.Join(work, prefix, at)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
		run(t, work, "add", "--force", "--", prefix+at)
	}
	for _, at := range remove {
		run(t, work, "rm", "--quiet", "--", prefix+at)
	}
	run(t, work, "-c", "user.name=somebody", "-c", "user.email=else@example.com", "commit", "--quiet", "--message", "By hand")
	run(t, work, "push", "--quiet", "origin", "HEAD:main")
}

func run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	command := exec.Command("git", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, "git %s\n%s", strings.Join(args, " "), stderr.String())
	return string(out)
}

func TestConformance(t *testing.T) {
	t.Run("https", func(t *testing.T) {
		storetest.Run(t, func(t testing.TB) storetest.Place {
			s := newServer(t)
			return storetest.Place{Open: func(t testing.TB) statestore.Store { return s.open(t) }, Files: s.files, Foreign: s.foreign}
		})
	})
	t.Run("file", func(t *testing.T) {
		storetest.Run(t, func(t testing.TB) storetest.Place {
			dir := filepath.Join(t.TempDir(), "store.git")
			run(t, t.TempDir(), "init", "--quiet", "--bare", "--initial-branch=main", dir)
			return storetest.Place{
				Open:    func(t testing.TB) statestore.Store { return openFile(t, dir) },
				Files:   func(t testing.TB) map[string]string { return filesOf(t, dir, "") },
				Foreign: func(t testing.TB, put map[string]string, remove ...string) { foreign(t, dir, "", put, remove...) },
			}
		})
	})
}

// openFile is a repository on disk, that has no partial clones: its server ignores filters.
func openFile(t testing.TB, dir string) *Store {
	s, err := newStore(settings{url: "file://" + dir, branch: "main", author: "kratix", protocols: []string{"file"}, auth: nobody{}}, Options{Dir: t.TempDir()})
	require.NoError(t, err)
	return s
}

// nobody needs no credentials.
type nobody struct{}

func (nobody) configure(context.Context, string) (string, []string, error) { return "", nil, nil }
