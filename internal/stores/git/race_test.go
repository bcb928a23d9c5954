// SPDX-License-Identifier: Apache-2.0

package git

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

// beforePush does something when a push has begun: before the server says where the branch is, or
// after that.
func (s *testServer) beforePush(told bool, do func(push int64)) {
	var pushes atomic.Int64
	s.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		asks := r.URL.Query().Get("service") == "git-receive-pack"
		if told && strings.HasSuffix(r.URL.Path, "/git-receive-pack") || !told && asks {
			do(pushes.Add(1))
		}
		return false
	})
}

// TestLostRace: somebody else pushes between our look and our push, several times in a row.
func TestLostRace(t *testing.T) {
	for name, told := range map[string]bool{"seen by us": false, "seen by the server": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.Foreign(t, map[string]string{"d/stale": "x"})
			store := server.open(t)
			server.beforePush(told, func(push int64) {
				if push <= 3 {
					server.Foreign(t, map[string]string{fmt.Sprintf("theirs/%d", push): "x", "d/other": fmt.Sprint(push)})
				}
			})
			c := update("ns/a", "d/a", "1")
			c.Dir = "d"
			o := one(t, store, c)
			require.NoError(t, o.Err)
			assert.True(t, o.Changed)
			assert.Equal(t, map[string]string{"d/a": "1", "theirs/1": "x", "theirs/2": "x", "theirs/3": "x"}, server.Files(t))
			assert.Equal(t, 5, server.commits(t), "nobody's commit is lost")
			assert.Equal(t, o.Version, server.Tip(t))
		})
	}
}

// TestBranchIsMadeMeanwhile: somebody else makes the first push, right after our look.
func TestBranchIsMadeMeanwhile(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	var looks atomic.Int64
	server.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("service") == "git-upload-pack" && looks.Add(1) == 2 {
			server.Foreign(t, map[string]string{"theirs": "x"})
		}
		return false
	})
	require.NoError(t, one(t, server.open(t), update("ns/a", "a", "1")).Err)
	assert.Equal(t, map[string]string{"a": "1", "theirs": "x"}, server.Files(t))
}

// TestEndlessRace ends.
func TestEndlessRace(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	require.NoError(t, one(t, store, update("ns/a", "a", "1")).Err)
	server.beforePush(true, func(push int64) {
		server.Git(t, "update-ref", "refs/heads/main", strings.TrimSpace(server.Git(t, "-c", "user.name=x", "-c", "user.email=x",
			"commit-tree", "-p", "main", "-m", fmt.Sprint(push), "main^{tree}")))
	})
	require.ErrorContains(t, one(t, store, update("ns/a", "a", "2")).Err, "lost a race")
	server.intercept(func(http.ResponseWriter, *http.Request) bool { return false })
	require.NoError(t, one(t, store, update("ns/a", "a", "2")).Err)
	assert.Equal(t, map[string]string{"a": "2"}, server.Files(t))
}

// TestRewritten: somebody has replaced the branch by another history, which does not have our
// commits.
func TestRewritten(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	changes, want := many(10)
	require.NoError(t, storetest.Errors(store.Apply(t.Context(), changes)))

	server.Git(t, "update-ref", "-d", "refs/heads/main")
	server.Foreign(t, map[string]string{"theirs": "x", "w/003/file.yaml": "x"})
	server.Git(t, "reflog", "expire", "--expire=now", "--all")
	server.Git(t, "gc", "--quiet", "--prune=now")
	out := store.Apply(t.Context(), changes)
	require.NoError(t, storetest.Errors(out))
	want["theirs"] = "x"
	assert.Equal(t, want, server.Files(t))
	assert.Equal(t, 2, server.commits(t))

	server.Git(t, "update-ref", "-d", "refs/heads/main")
	require.NoError(t, storetest.Errors(store.Apply(t.Context(), changes)), "the branch is deleted, and the repository is empty")
	delete(want, "theirs")
	assert.Equal(t, want, server.Files(t))
}

// wrapGit runs a shell script instead of git. $real is git and $verb is git's first argument; in
// the directory $state the script keeps what it needs next time.
func wrapGit(t testing.TB, script string) (state string) {
	bin, state := t.TempDir(), t.TempDir()
	git, err := exec.LookPath("git")
	require.NoError(t, err)
	head := fmt.Sprintf("#!/bin/sh\nreal=%s\nstate=%s\nverb=$1\n", git, state)
	require.NoError(t, os.WriteFile(filepath.Join(bin, "git"), []byte(head+script+"\nexec $real \"$@\"\n"), 0o755))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	return state
}

// TestKilled: git is killed before and after each thing that it does. The batch is still written,
// as one commit.
func TestKilled(t *testing.T) {
	for _, verb := range []string{"fetch", "rev-parse", "ls-tree", "fast-import", "push"} {
		for when, script := range map[string]string{
			"before": `kill -9 $$`,
			"after":  `$real "$@"; kill -9 $$`,
			"locked": `touch $GIT_DIR/shallow.lock $GIT_DIR/config.lock; mkdir -p $GIT_DIR/refs/kratix; touch $GIT_DIR/refs/kratix/next.lock $GIT_DIR/refs/kratix/tip.lock; kill -9 $$`,
		} {
			t.Run(verb+" "+when, func(t *testing.T) {
				server := newServer(t)
				server.Foreign(t, map[string]string{"theirs": "x"})
				wrapGit(t, fmt.Sprintf("if [ \"$verb\" = %s ] && [ ! -e $state/done ]; then touch $state/done; %s; fi", verb, script))
				o := one(t, server.open(t), update("ns/a", "a", "1"))
				require.NoError(t, o.Err)
				assert.True(t, o.Changed)
				assert.Equal(t, map[string]string{"a": "1", "theirs": "x"}, server.Files(t))
				assert.Equal(t, 2, server.commits(t))
				assert.Equal(t, o.Version, server.Tip(t))
			})
		}
	}
}

// TestDiskFull: the error says that the runner's disk is full. When there is room again, all is
// well.
func TestDiskFull(t *testing.T) {
	server := newServer(t)
	store := server.open(t)
	require.NoError(t, one(t, store, update("ns/a", "a", "1")).Err)
	state := wrapGit(t, `if [ "$verb" = fast-import ] && [ ! -e $state/room ]; then
  head -c 100 >/dev/null
  echo 'fatal: cannot store pack file: No space left on device' >&2
  exit 128
fi`)
	require.ErrorContains(t, one(t, store, update("ns/a", "a", "2")).Err, "the runner cannot write to the disk of its cache; free some space")
	require.NoError(t, os.WriteFile(filepath.Join(state, "room"), nil, 0o600))
	require.NoError(t, one(t, store, update("ns/a", "a", "2")).Err)
	assert.Equal(t, map[string]string{"a": "2"}, server.Files(t))
}

// TestServersDiskFull is not ours.
func TestServersDiskFull(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	server.Hook(t, "pre-receive", "echo 'fatal: write error: No space left on device' >&2\nexit 1\n")
	err := one(t, store, update("ns/a", "a", "1")).Err
	require.ErrorContains(t, err, "No space left on device")
	assert.NotContains(t, err.Error(), "the runner")
}

// TestSecretsStayHidden: they are not in what ps shows, not in the environment, not in errors.
func TestSecretsStayHidden(t *testing.T) {
	server := newServer(t)
	t.Setenv("SOMEBODY_ELSES_TOKEN", "xyz")
	state := wrapGit(t, `echo "$@" >> $state/seen; env >> $state/seen`)
	store := server.open(t)
	require.NoError(t, one(t, store, update("ns/a", "a", "1")).Err)
	require.NoError(t, store.Check(t.Context()))
	seen, err := os.ReadFile(filepath.Join(state, "seen"))
	require.NoError(t, err)
	require.Contains(t, string(seen), "push")
	server.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		_, pass, _ := r.BasicAuth()
		http.Error(w, "no "+r.Header.Get("Authorization")+" "+pass, http.StatusForbidden)
		return true
	})
	said := string(seen) + one(t, store, update("ns/a", "a", "2")).Err.Error()
	for _, secret := range append(store.cache.secrets, password, "SOMEBODY_ELSES_TOKEN") {
		assert.NotContains(t, said, secret)
	}
	for _, file := range []string{store.cache.config} {
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}
