// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/internal/stores/git"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

// yard is what both kinds of yards have.
type yard interface {
	open(t testing.TB) statestore.Store
	Files(t testing.TB) map[string]string
	intercept(by intercept)
	serve(w http.ResponseWriter, r *http.Request)
	clear()
	down() (up func(t testing.TB))
}

func yards(t *testing.T) map[string]yard {
	return map[string]yard{"git": newGitYard(t, t.TempDir()), "s3": newBucketYard(t, shared)}
}

// TestWay is what goes wrong between a store and its server, in the middle of its life.
func TestWay(t *testing.T) {
	for name, test := range map[string]struct {
		begin func(y yard) (end func(t testing.TB))
		says  map[string]string
	}{
		"unreachable": {
			func(y yard) func(testing.TB) { return y.down() },
			map[string]string{"git": "cannot be reached; correct spec.url", "s3": "cannot be reached; correct spec.endpoint"},
		},
		"500": {intercepted(status(http.StatusInternalServerError)), same("the server failed; it is tried again later")},
		"503": {intercepted(status(http.StatusServiceUnavailable)), same("the server failed; it is tried again later")},
		"429": {intercepted(status(http.StatusTooManyRequests)), same("it is tried again later")},
		"403": {intercepted(status(http.StatusForbidden)), map[string]string{"git": "give them write access", "s3": "let them list, read, write and delete"}},
		"cut off": {
			intercepted(func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }), same("it is tried again later"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, y := range yards(t) {
				t.Run(kind, func(t *testing.T) {
					t.Parallel()
					s := y.open(t)
					require.NoError(t, storetest.Errors(s.Apply(t.Context(), first())))
					before := y.Files(t)
					end := test.begin(y)
					fails(t.Context(), t, s, test.says[kind], "127.0.0.1")
					require.ErrorContains(t, s.Check(t.Context()), test.says[kind])
					end(t)
					assert.Equal(t, before, y.Files(t))
					require.NoError(t, s.Check(t.Context()))
					heals(t, s, y.Files)
				})
			}
		})
	}
}

func same(text string) map[string]string { return map[string]string{"git": text, "s3": text} }

func intercepted(by intercept) func(yard) func(testing.TB) {
	return func(y yard) func(testing.TB) {
		y.intercept(by)
		return func(testing.TB) { y.clear() }
	}
}

// TestSlow: a server that never answers is given up when the batch's time is over, or when
// one run of git has taken too long.
func TestSlow(t *testing.T) {
	for kind, y := range yards(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := y.open(t)
			require.NoError(t, storetest.Errors(s.Apply(t.Context(), first())))
			y.intercept(stall)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			begin := time.Now()
			fails(ctx, t, s, "before the State Store answered; it is tried again later")
			assert.Less(t, time.Since(begin), 20*time.Second)
			y.clear()
			heals(t, s, y.Files)
		})
	}
	t.Run("a command", func(t *testing.T) {
		t.Parallel()
		y := newGitYard(t, t.TempDir())
		s := y.openWith(t, y.secret(), git.Options{CommandTimeout: 2 * time.Second})
		y.intercept(stall)
		fails(t.Context(), t, s, "the State Store takes too long to answer; it is tried again later", y.URL)
		y.clear()
		heals(t, y.open(t), y.Files)
	})
}

func TestCredentials(t *testing.T) {
	repository, bucket := newGitYard(t, t.TempDir()), newBucketYard(t, shared)
	login, keys := repository.secret(), bucket.secret()
	login["password"], keys["secretAccessKey"] = []byte("wrong"), []byte("wrong")
	fails(t.Context(), t, repository.openWith(t, login, git.Options{}), "the server refuses the credentials in the Secret; correct them", repository.URL)
	fails(t.Context(), t, bucket.openWith(t, keys), "the server refuses the credentials; correct the Secret", bucket.name)
	keys = bucket.secret()
	keys["accessKeyID"] = []byte("nobody")
	fails(t.Context(), t, bucket.openWith(t, keys), "the server refuses the credentials; correct the Secret", bucket.name)
	heals(t, repository.open(t), repository.Files)
	heals(t, bucket.open(t), bucket.Files)
}

func TestBucketIsGone(t *testing.T) {
	y := newBucketYard(t, shared)
	s := y.open(t)
	require.NoError(t, storetest.Errors(s.Apply(t.Context(), first())))
	for path := range y.Files(t) {
		y.Foreign(t, nil, path)
	}
	require.NoError(t, y.client.RemoveBucket(t.Context(), y.name))
	fails(t.Context(), t, s, "the bucket is not there, and nobody makes it by itself; make it, or correct spec.bucketName")
	require.NoError(t, y.client.MakeBucket(t.Context(), y.name, minio.MakeBucketOptions{}))
	heals(t, s, y.Files)
}

// small is a file system of some megabytes. fill takes all that is left, and returns how to
// give it back.
func small(t *testing.T, options string) (dir string, fill func() (empty func())) {
	dir = t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, options), "mounting needs root")
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir, func() func() {
		file := filepath.Join(dir, "filling")
		f, err := os.Create(file)
		require.NoError(t, err)
		defer func() { _ = f.Close() }()
		block := make([]byte, 4096)
		for err == nil {
			_, err = f.Write(block)
		}
		require.ErrorIs(t, err, syscall.ENOSPC)
		return func() { require.NoError(t, os.Remove(file)) }
	}
}

// TestServersDiskIsFull: nothing is lost, and nothing half written is taken for whole.
func TestServersDiskIsFull(t *testing.T) {
	t.Run("git", func(t *testing.T) {
		dir, fill := small(t, "size=8m")
		y := newGitYard(t, dir)
		s := y.open(t)
		require.NoError(t, storetest.Errors(s.Apply(t.Context(), first())))
		before := y.Files(t)
		empty := fill()
		fails(t.Context(), t, s, "No space left on device", y.URL)
		empty()
		assert.Equal(t, before, y.Files(t))
		heals(t, s, y.Files)
	})
	t.Run("s3", func(t *testing.T) {
		dir, fill := small(t, "size=8m")
		s3, stop, err := cluster.StartS3(t.Context(), dir, os.Stderr)
		require.NoError(t, err)
		t.Cleanup(stop)
		y := newBucketYard(t, s3)
		s := y.open(t)
		require.NoError(t, storetest.Errors(s.Apply(t.Context(), first())))
		empty := fill()
		out := s.Apply(t.Context(), []statestore.Change{owner(0, map[string]string{"same": "same", "changed": string(make([]byte, 1<<20))})})
		require.ErrorContains(t, out[0].Err, "bucket "+y.name+" at 127.0.0.1")
		t.Log(out[0].Err)
		assert.Equal(t, "1", y.Files(t)["d/0/gone"], "what is old stays until all that is new is there")
		empty()
		heals(t, s, y.Files)
	})
}

// TestOwnDiskIsFull: that of the cache, which is not the server's.
func TestOwnDiskIsFull(t *testing.T) {
	dir, fill := small(t, "size=8m")
	y := newGitYard(t, t.TempDir())
	s := y.openWith(t, y.secret(), git.Options{Dir: filepath.Join(dir, "cache")})
	require.NoError(t, storetest.Errors(s.Apply(t.Context(), first())))
	empty := fill()
	fails(t.Context(), t, s, "the runner cannot write to the disk of its cache; free some space")
	empty()
	heals(t, s, y.Files)
}
