// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/bucket"
	"github.com/kratix-compile/kratix-compile/internal/stores/git"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

// writerVariable has the orders of a child process that writes the second changes.
const writerVariable = "STORES_WRITER"

type orders struct {
	Git    *v1alpha1.GitStateStoreSpec
	Bucket *v1alpha1.BucketStateStoreSpec
	Secret map[string][]byte
	Dir    string
}

func write() error {
	var o orders
	if err := json.Unmarshal([]byte(os.Getenv(writerVariable)), &o); err != nil {
		return err
	}
	var store statestore.Store
	var err error
	if o.Git != nil {
		store, err = git.New(*o.Git, o.Secret, git.Options{Dir: o.Dir})
	} else {
		store, err = bucket.New(*o.Bucket, o.Secret, bucket.Options{})
	}
	if err != nil {
		return err
	}
	changes, _ := second()
	return storetest.Errors(store.Apply(context.Background(), changes))
}

// TestKilled: the process that writes is killed with kill -9 at many moments of a batch, and
// whoever comes after brings it to its end. The server may still do what it was asked for.
func TestKilled(t *testing.T) {
	isPush := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/git-receive-pack") }
	isPut := func(r *http.Request) bool { return r.Method == http.MethodPut }
	isDelete := func(r *http.Request) bool { return r.Method == http.MethodDelete }
	for name, test := range map[string]struct {
		kind   string
		moment func(*http.Request) bool
		nth    int64
		served bool // before the process is killed
	}{
		"git, first request":  {"git", func(*http.Request) bool { return true }, 1, false},
		"git, before a push":  {"git", func(r *http.Request) bool { return r.URL.Query().Get("service") == "git-receive-pack" }, 1, true},
		"git, push not taken": {"git", isPush, 1, false},
		"git, push taken":     {"git", isPush, 1, true},
		"s3, first request":   {"s3", func(*http.Request) bool { return true }, 1, false},
		"s3, first put":       {"s3", isPut, 1, true},
		"s3, tenth put":       {"s3", isPut, 10, false},
		"s3, first removal":   {"s3", isDelete, 1, false},
		"s3, fourth removal":  {"s3", isDelete, 4, true},
		"s3, last removal":    {"s3", isDelete, writers + 2, true},
		"s3, last put":        {"s3", isPut, 24, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y, o := forWriter(t, test.kind)
			require.NoError(t, storetest.Errors(y.open(t).Apply(t.Context(), first())))
			child := writer(t, o)
			started := make(chan struct{})
			var seen atomic.Int64
			y.intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if !test.moment(r) || seen.Add(1) != test.nth {
					return false
				}
				if test.served {
					y.serve(w, r)
				}
				<-started
				assert.NoError(t, child.Process.Kill())
				return true
			})
			require.NoError(t, child.Start())
			close(started)
			require.ErrorContains(t, child.Wait(), "signal: killed", "it must not end before its time")
			y.clear()
			heals(t, y.open(t), y.Files)
		})
	}
}

func forWriter(t *testing.T, kind string) (yard, orders) {
	if kind == "git" {
		y := newGitYard(t, t.TempDir())
		spec := y.spec()
		return y, orders{Git: &spec, Secret: y.secret(), Dir: t.TempDir()}
	}
	y := newBucketYard(t, shared)
	spec := y.spec()
	return y, orders{Bucket: &spec, Secret: y.secret()}
}

// writer is this program, as a process of its own.
func writer(t *testing.T, o orders) *exec.Cmd {
	self, err := os.Executable()
	require.NoError(t, err)
	text, err := json.Marshal(o)
	require.NoError(t, err)
	child := exec.Command(self)
	child.Env = append(os.Environ(), writerVariable+"="+string(text))
	child.Stderr = os.Stderr
	return child
}
