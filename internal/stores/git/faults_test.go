// SPDX-License-Identifier: Apache-2.0

package git

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

func update(id, path, text string) statestore.Change {
	return statestore.Change{ID: id, Title: "Update from: " + id, Files: []statestore.File{statestore.Text(path, text)}}
}

func one(t testing.TB, s *Store, c statestore.Change) statestore.Outcome {
	return s.Apply(t.Context(), []statestore.Change{c})[0]
}

// many are changes with a file each, and what a store has then.
func many(n int) (changes []statestore.Change, files map[string]string) {
	files = map[string]string{}
	for i := range n {
		path := fmt.Sprintf("w/%03d/file.yaml", i)
		files[path] = fmt.Sprint(i)
		changes = append(changes, update(fmt.Sprintf("ns/%03d", i), path, fmt.Sprint(i)))
	}
	return changes, files
}

// TestRejectedByHook: a person reads the words of the hook. The file is written when the hook does
// not refuse it any more.
func TestRejectedByHook(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	server.Hook(t, "pre-receive", "echo only on Sundays >&2\nexit 1\n")
	out := store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1"), update("ns/b", "b", "1")})
	for _, o := range out {
		require.ErrorContains(t, o.Err, "only on Sundays")
	}
	assert.Zero(t, server.commits(t))

	server.Hook(t, "pre-receive", "exit 0\n")
	out = store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1"), update("ns/b", "b", "1")})
	require.NoError(t, storetest.Errors(out))
	assert.Equal(t, map[string]string{"a": "1", "b": "1"}, server.Files(t))
	assert.Equal(t, 1, server.commits(t), "one batch is one commit")
}

// TestOneFileIsRefused: a server that looks for secrets refuses one file of a hundred. All others
// are written.
func TestOneFileIsRefused(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	server.Hook(t, "pre-receive", `while read old new ref; do
  if git grep -q SECRET "$new"; then echo there is a secret in it >&2; exit 1; fi
done
`)
	changes, want := many(100)
	changes[37] = update("ns/037", "w/037/file.yaml", "SECRET")
	delete(want, "w/037/file.yaml")
	out := store.Apply(t.Context(), changes)
	require.ErrorContains(t, out[37].Err, "there is a secret in it")
	require.ErrorContains(t, out[37].Err, "change the file or the rule")
	out[37].Err = nil
	require.NoError(t, storetest.Errors(out))
	assert.Equal(t, want, server.Files(t))
	assert.LessOrEqual(t, server.pushes.Load(), int64(16), "halves, and not one by one")
}

// TestProtectedBranch: a server that takes nothing is not asked a thousand times.
func TestProtectedBranch(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	server.Hook(t, "update", "echo 'main is a protected branch' >&2\nexit 1\n")
	changes, want := many(1000)
	for _, o := range store.Apply(t.Context(), changes) {
		require.ErrorContains(t, o.Err, "main is a protected branch")
	}
	assert.LessOrEqual(t, server.pushes.Load(), int64(24))
	assert.Empty(t, server.Files(t))

	server.Hook(t, "update", "exit 0\n")
	require.NoError(t, storetest.Errors(store.Apply(t.Context(), changes)))
	assert.Equal(t, want, server.Files(t))
}

// TestServer has what goes wrong on the way to the server. After each of them the store works
// again.
func TestServer(t *testing.T) {
	status := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(code)
			return true
		}
	}
	for name, test := range map[string]struct {
		fault func(w http.ResponseWriter, r *http.Request) bool
		says  string
	}{
		"500":       {status(http.StatusInternalServerError), "the server failed; it is tried again later"},
		"503":       {status(http.StatusServiceUnavailable), "the server failed; it is tried again later"},
		"429":       {status(http.StatusTooManyRequests), "fewer requests"},
		"403":       {status(http.StatusForbidden), "give them write access"},
		"404":       {status(http.StatusNotFound), "the repository is not there"},
		"cut off":   {func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, "the server failed"},
		"no answer": {func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true }, "takes too long"},
		"503 to the push": {func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, "/git-receive-pack") && status(http.StatusServiceUnavailable)(w, r)
		}, "the server failed"},
		"read only": {func(w http.ResponseWriter, r *http.Request) bool {
			return r.URL.Query().Get("service") == "git-receive-pack" && status(http.StatusForbidden)(w, r)
		}, "give them write access"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			store := server.open(t)
			server.intercept(test.fault)
			if name == "no answer" {
				store.cache.timeout = time.Second
			}
			err := one(t, store, update("ns/a", "a", "1")).Err
			require.ErrorContains(t, err, test.says)
			require.ErrorContains(t, err, server.URL)
			assert.NotContains(t, err.Error(), password)
			if name != "503 to the push" {
				require.ErrorContains(t, store.Check(t.Context()), test.says)
			}
			server.intercept(func(http.ResponseWriter, *http.Request) bool { return false })
			store.cache.timeout = time.Minute
			require.NoError(t, one(t, store, update("ns/a", "a", "1")).Err)
			assert.Equal(t, map[string]string{"a": "1"}, server.Files(t))
		})
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	require.NoError(t, one(t, store, update("ns/a", "a", "1")).Err)
	server.Close()
	require.ErrorContains(t, one(t, store, update("ns/a", "a", "2")).Err, "cannot be reached")
	require.ErrorContains(t, store.Check(t.Context()), "cannot be reached")
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	server.intercept(func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begin := time.Now()
	out := store.Apply(ctx, []statestore.Change{update("ns/a", "a", "1")})
	require.ErrorIs(t, out[0].Err, context.DeadlineExceeded)
	assert.Less(t, time.Since(begin), 10*time.Second)
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for name, test := range map[string]struct {
		key, value string
		says       string
	}{
		"password":  {"password", "wrong", "the server refuses the credentials in the Secret"},
		"authority": {"ca.crt", "", "put the authority's certificate into the Secret as ca.crt"},
	} {
		t.Run(name, func(t *testing.T) {
			secret := server.secret()
			secret[test.key] = []byte(test.value)
			if test.value == "" {
				delete(secret, test.key)
			}
			store, err := New(server.spec(), secret, Options{Dir: t.TempDir()})
			require.NoError(t, err)
			require.ErrorContains(t, store.Check(t.Context()), test.says)
			require.ErrorContains(t, one(t, store, update("ns/a", "a", "1")).Err, test.says)
		})
	}
	t.Run("insecure", func(t *testing.T) {
		secret := server.secret()
		delete(secret, "ca.crt")
		spec := server.spec()
		spec.Insecure = true
		store, err := New(spec, secret, Options{Dir: t.TempDir()})
		require.NoError(t, err)
		require.NoError(t, store.Check(t.Context()))
	})
}

// TestBranch: a branch that is missing is made only in an empty repository.
func TestBranch(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	require.NoError(t, server.open(t).Check(t.Context()), "an empty repository")
	assert.Zero(t, server.commits(t))
	require.NoError(t, one(t, server.open(t), update("ns/a", "a", "1")).Err)

	spec := server.spec()
	spec.Branch = "production"
	store, err := New(spec, server.secret(), Options{Dir: t.TempDir()})
	require.NoError(t, err)
	for _, err := range []error{one(t, store, update("ns/a", "a", "1")).Err, store.Check(t.Context())} {
		require.ErrorContains(t, err, "the repository has no branch production, but main; make the branch, or correct spec.branch")
	}
	server.Git(t, "branch", "production", "main")
	require.NoError(t, one(t, store, update("ns/a", "b", "1")).Err)
	assert.Equal(t, map[string]string{"a": "1"}, server.Files(t), "main is as it was")
}

// TestObstacles: a change with a file where there is a directory fails alone, and says so.
func TestObstacles(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Foreign(t, map[string]string{"file": "x", "dir/a": "x"})
	store := server.open(t)
	out := store.Apply(t.Context(), []statestore.Change{update("1", "file/below", "1"), update("2", "dir", "1"), update("3", "fine", "1")})
	require.ErrorContains(t, out[0].Err, "file is a file in the repository")
	require.ErrorContains(t, out[1].Err, "dir is a directory in the repository")
	require.NoError(t, out[2].Err)
	assert.Equal(t, map[string]string{"file": "x", "dir/a": "x", "fine": "1"}, server.Files(t))

	spec := server.spec()
	spec.Path = "clusters/prod/file/here"
	store, err := New(spec, server.secret(), Options{Dir: t.TempDir()})
	require.NoError(t, err)
	require.ErrorContains(t, one(t, store, update("1", "a", "1")).Err, "below clusters/prod/file, which is a file")
}

// TestCommit is what people see in the log.
func TestCommit(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	spec := server.spec()
	spec.GitAuthor.Name, spec.GitAuthor.Email = "The Platform", "platform@example.com"
	store, err := New(spec, server.secret(), Options{Dir: t.TempDir()})
	require.NoError(t, err)
	alone := one(t, store, update("ns/a", "a", "1"))
	require.NoError(t, alone.Err)
	head := func() string { return server.Git(t, "log", "-1", "--format=%H|%an|%ae|%cn|%ce|%B", "main") }
	who := "|The Platform|platform@example.com|The Platform|platform@example.com|"
	assert.Equal(t, alone.Version+who+"Update from: ns/a\n", head())

	out := store.Apply(t.Context(), []statestore.Change{
		update("ns/b", "b", "1"), update("ns/a", "a", "1"),
		{ID: "ns/c", Title: "Delete from:\nns/c", Remove: []string{"c"}},
		update("ns/d", "d", "1"),
	})
	require.NoError(t, storetest.Errors(out))
	assert.Equal(t, out[0].Version+who+"Update from: 2 writers\n\nUpdate from: ns/b\nUpdate from: ns/d\n", head(), "only what has changed something")
	assert.Equal(t, statestore.Outcome{Version: alone.Version}, out[1])
	assert.Equal(t, 2, server.commits(t))
}

// TestCost: writing the same again costs one look, a change costs one push and no look, and
// content is never downloaded.
func TestCost(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Foreign(t, map[string]string{"big": strings.Repeat(errors.ErrUnsupported.Error(), 1<<18), "a": "1"})
	store := server.open(t)
	require.NoError(t, one(t, store, update("ns/a", "a", "2")).Err)
	server.fetches.Store(0)
	server.pushes.Store(0)
	require.NoError(t, one(t, store, update("ns/a", "a", "3")).Err)
	assert.Equal(t, int64(0), server.fetches.Load())
	assert.Equal(t, int64(1), server.pushes.Load())
	assert.NotContains(t, storetest.Repository{Dir: store.cache.dir}.Git(t, "cat-file", "--batch-all-objects", "--batch-check", "--unordered"), " blob 4", "the big one is not here")
	require.NoError(t, one(t, store, update("ns/a", "a", "3")).Err)
	assert.Equal(t, int64(1), server.pushes.Load())
}

// TestCacheIsMadeAnew: what a long life leaves behind is bounded.
func TestCacheIsMadeAnew(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	require.NoError(t, one(t, store, update("ns/a", "a", "1")).Err)
	store.cache.pushes = maxPushes
	require.NoError(t, one(t, store, update("ns/a", "a", "2")).Err)
	assert.Equal(t, 1, store.cache.pushes)
	assert.Equal(t, map[string]string{"a": "2"}, server.Files(t))
	assert.Equal(t, 2, server.commits(t))
}
