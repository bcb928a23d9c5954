// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

// TestRules: what the server's rules refuse is told in their words, and written when they
// no longer do.
func TestRules(t *testing.T) {
	for name, test := range map[string]struct{ hook, script, says string }{
		"pre-receive":      {"pre-receive", "echo only on Sundays >&2\nexit 1\n", "only on Sundays"},
		"protected branch": {"update", "echo \"$1 is a protected branch\" >&2\nexit 1\n", "refs/heads/main is a protected branch"},
	} {
		t.Run(name, func(t *testing.T) {
			y := newGitYard(t, t.TempDir())
			s := y.open(t)
			require.NoError(t, storetest.Errors(s.Apply(t.Context(), first())))
			before := y.Files(t)
			y.Hook(t, test.hook, test.script)
			fails(t.Context(), t, s, test.says, y.URL, "change the file or the rule")
			assert.Equal(t, before, y.Files(t))
			y.Hook(t, test.hook, "exit 0\n")
			heals(t, s, y.Files)
			assert.Len(t, y.Trees(t), 2, "one commit for each batch")
		})
	}
}

// TestRewritten: somebody replaces the history, and our commits are nowhere any more. The
// branch refuses what is no fast-forward, so nothing of ours may be forced on it either.
func TestRewritten(t *testing.T) {
	for name, rewrite := range map[string]func(t *testing.T, y *gitYard){
		"another history": func(t *testing.T, y *gitYard) {
			y.Git(t, "update-ref", "-d", "refs/heads/main")
			y.Foreign(t, map[string]string{"d/3/same": "theirs", "d/3/stale": "x", "w/2": "theirs"})
			y.Git(t, "reflog", "expire", "--expire=now", "--all")
			y.Git(t, "gc", "--quiet", "--prune=now")
		},
		"an older commit": func(t *testing.T, y *gitYard) { y.Git(t, "update-ref", "refs/heads/main", "main~1") },
		"the branch is deleted": func(t *testing.T, y *gitYard) {
			y.Git(t, "update-ref", "-d", "refs/heads/main")
		},
		"made anew, empty": func(t *testing.T, y *gitYard) {
			require.NoError(t, os.RemoveAll(y.Dir)) // the server makes it again
		},
	} {
		t.Run(name, func(t *testing.T) {
			y := newGitYard(t, t.TempDir())
			y.Git(t, "config", "receive.denyNonFastForwards", "true")
			y.Git(t, "config", "receive.denyDeletes", "true")
			y.Foreign(t, map[string]string{"d/4/stale": "x"})
			s := y.open(t)
			require.NoError(t, storetest.Errors(s.Apply(t.Context(), first())))
			rewrite(t, y)
			heals(t, s, y.Files)
		})
	}
}

// TestSomebodyElsePushes: their commits stay, and what they put into our directories goes.
func TestSomebodyElsePushes(t *testing.T) {
	y := newGitYard(t, t.TempDir())
	s := y.open(t)
	require.NoError(t, storetest.Errors(s.Apply(t.Context(), first())))
	var pushes atomic.Int64
	y.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/git-receive-pack") && pushes.Add(1) <= 2 {
			y.Foreign(t, map[string]string{"theirs": strings.Repeat("x", int(pushes.Load())), "d/1/stale": "x", "d/2/same": "theirs"})
		}
		return false
	})
	changes, want := second()
	want["theirs"] = "xx"
	require.NoError(t, storetest.Errors(s.Apply(t.Context(), changes)))
	assert.Equal(t, want, y.Files(t))
	assert.Equal(t, int64(3), pushes.Load())
	assert.Len(t, y.Trees(t), 4, "nobody's commit is lost")
}

// TestTwoWriters: runners that believe they are alone write the same at the same time, each
// with a cache of its own.
func TestTwoWriters(t *testing.T) {
	const runners = 3
	for kind, y := range yards(t) {
		t.Run(kind, func(t *testing.T) {
			require.NoError(t, storetest.Errors(y.open(t).Apply(t.Context(), first())))
			changes, want := second()
			var wg sync.WaitGroup
			for range runners {
				s := y.open(t)
				wg.Go(func() {
					// In one batch, and in small ones.
					for batch := range slices.Chunk(changes[:writers], 4) {
						assert.NoError(t, storetest.Errors(s.Apply(t.Context(), batch)))
					}
					assert.NoError(t, storetest.Errors(s.Apply(t.Context(), changes)))
				})
			}
			wg.Wait()
			assert.Equal(t, want, y.Files(t))
			heals(t, y.open(t), y.Files)
			if y, is := y.(*gitYard); is {
				trees := y.Trees(t)
				assert.Equal(t, slices.Compact(slices.Clone(trees)), trees, "no commit is without a change")
				assert.LessOrEqual(t, len(trees), 1+4, "what one has written the others do not write again")
			}
		})
	}
}
