// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

const system = "system"

var (
	key  = Key{Namespace: "team", Run: "kratix-db-orders-render-0123456789"}
	from = Origin{Pod: "pod", PodUID: "pod-uid", Labels: map[string]string{"kratix.io/promise-name": "db"}}
)

// noise does not get smaller by compressing it.
func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// open gives objects what the fake API server leaves out: UIDs, and times.
func open(funcs interceptor.Funcs) (*Store, client.WithWatch) {
	create := funcs.Create
	funcs.Create = func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
		o.SetUID(uuid.NewUUID())
		o.SetCreationTimestamp(metav1.Now())
		if create != nil {
			return create(ctx, c, o, opts...)
		}
		return c.Create(ctx, o, opts...)
	}
	c := fake.NewClientBuilder().WithInterceptorFuncs(funcs).Build()
	return &Store{Writer: c, Reader: c, Namespace: system}, c
}

func put(t *testing.T, s *Store, data []byte) (Record, bool, error) {
	t.Helper()
	return s.Put(t.Context(), key, from, digest(data), int64(len(data)), bytes.NewReader(data))
}

func read(t *testing.T, s *Store, r Record) ([]byte, error) {
	t.Helper()
	reader, err := s.Open(t.Context(), r)
	if err != nil {
		return nil, err
	}
	defer func() { require.NoError(t, reader.Close()) }()
	return io.ReadAll(reader)
}

// list names what is stored: heads, then chunks.
func list(t *testing.T, c client.Client) (heads, chunks []string) {
	t.Helper()
	all := &corev1.ConfigMapList{}
	require.NoError(t, c.List(t.Context(), all, client.InNamespace(system)))
	for _, m := range all.Items {
		assert.True(t, *m.Immutable)
		if m.Labels[labelChunk] == "" {
			heads = append(heads, m.Name)
		} else {
			chunks = append(chunks, m.Name)
		}
	}
	return heads, chunks
}

func TestPutAndOpen(t *testing.T) {
	for name, c := range map[string]struct {
		data   []byte
		chunks int
	}{
		"nothing":          {nil, 0},
		"small":            {noise(1000), 0},
		"compresses":       {bytes.Repeat([]byte("kind: ConfigMap\n"), 1<<17), 0},
		"just the head":    {noise(chunkBytes - 1000), 0},
		"just two":         {noise(chunkBytes), 2},
		"many":             {noise(3*chunkBytes + 5), 4},
		"ends with a pack": {noise(5 << 20), 6},
	} {
		t.Run(name, func(t *testing.T) {
			s, api := open(interceptor.Funcs{})
			r, existed, err := put(t, s, c.data)
			require.NoError(t, err)
			assert.False(t, existed)
			heads, chunks := list(t, api)
			assert.Equal(t, []string{key.Name()}, heads)
			assert.Len(t, chunks, c.chunks)

			again, err := s.Get(t.Context(), key)
			require.NoError(t, err)
			assert.WithinDuration(t, r.Stored, again.Stored, time.Second)
			again.Stored = r.Stored
			assert.Equal(t, r, again)
			assert.Equal(t, from, r.Origin)
			data, err := read(t, s, again)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(c.data, data))

			require.NoError(t, s.Delete(t.Context(), again))
			heads, chunks = list(t, api)
			assert.Empty(t, append(heads, chunks...))
			_, err = s.Get(t.Context(), key)
			assert.ErrorIs(t, err, ErrNotFound)
		})
	}
}

func TestPutTwice(t *testing.T) {
	s, api := open(interceptor.Funcs{})
	first, _, err := put(t, s, noise(2*chunkBytes))
	require.NoError(t, err)
	second, existed, err := put(t, s, noise(2*chunkBytes))
	require.NoError(t, err)
	assert.True(t, existed)
	assert.Equal(t, first.upload, second.upload)

	_, _, err = put(t, s, noise(2*chunkBytes+1))
	assert.ErrorIs(t, err, ErrConflict)
	_, chunks := list(t, api)
	assert.Len(t, chunks, first.chunks)
	data, err := read(t, s, first)
	require.NoError(t, err)
	assert.Equal(t, digest(data), first.Digest)
}

// Two replicas take the same bundle, or two different ones, at once: neither sees a record
// when it begins.
func TestPutAtOnce(t *testing.T) {
	for name, other := range map[string]int{"the same": 2 * chunkBytes, "another": 2*chunkBytes + 1} {
		t.Run(name, func(t *testing.T) {
			var s *Store
			var first Record
			once := false
			s, api := open(interceptor.Funcs{Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
				if o.GetName() == key.Name() && !once {
					once = true
					var err error
					first, _, err = put(t, s, noise(2*chunkBytes))
					require.NoError(t, err)
				}
				return c.Create(ctx, o, opts...)
			}})
			second, existed, err := put(t, s, noise(other))
			if name == "the same" {
				require.NoError(t, err)
				assert.True(t, existed)
				assert.Equal(t, first.upload, second.upload)
			} else {
				assert.ErrorIs(t, err, ErrConflict)
			}
			_, chunks := list(t, api)
			assert.Len(t, chunks, first.chunks, "the loser took its chunks away")
			_, err = read(t, s, first)
			assert.NoError(t, err)
		})
	}
}

func TestPutBelievesNoDigest(t *testing.T) {
	s, api := open(interceptor.Funcs{})
	data := noise(2 * chunkBytes)
	_, _, err := s.Put(t.Context(), key, from, digest(nil), int64(len(data)), bytes.NewReader(data))
	assert.ErrorContains(t, err, "and not")
	_, _, err = s.Put(t.Context(), key, from, digest(data), 7, bytes.NewReader(data))
	assert.ErrorContains(t, err, "and not")
	heads, chunks := list(t, api)
	assert.Empty(t, append(heads, chunks...))
}

var errAPI = errors.New("the API server is away")

// failAt makes the n-th creation fail, before or after it has happened.
func failAt(n int, after bool) interceptor.Funcs {
	return interceptor.Funcs{Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
		n--
		if n != -1 {
			return c.Create(ctx, o, opts...)
		}
		if after {
			if err := c.Create(ctx, o, opts...); err != nil {
				return err
			}
		}
		return errAPI
	}}
}

func TestPutFails(t *testing.T) {
	data := noise(3 * chunkBytes) // four chunks and the head
	for creation := range 5 {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("creation %d, happened %v", creation, after), func(t *testing.T) {
				s, api := open(failAt(creation, after))
				r, _, err := put(t, s, data)
				heads, chunks := list(t, api)
				if creation == 4 && after {
					require.NoError(t, err, "the head is there: its answer alone was lost")
					assert.Len(t, heads, 1)
					_, err = read(t, s, r)
					assert.NoError(t, err)
					return
				}
				assert.ErrorIs(t, err, errAPI)
				assert.Empty(t, heads)
				if creation < 4 {
					assert.Empty(t, chunks)
				}
				_, existed, err := put(t, s, data)
				require.NoError(t, err)
				assert.False(t, existed)
			})
		}
	}
}

// TestRefusedHead leaves no chunks behind: a step tries again and again.
func TestRefusedHead(t *testing.T) {
	for name, refusal := range map[string]error{
		"quota":     apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, key.Name(), errors.New("exceeded quota")),
		"too large": apierrors.NewRequestEntityTooLargeError("limit is 3145728"),
	} {
		t.Run(name, func(t *testing.T) {
			s, api := open(interceptor.Funcs{Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
				if o.GetName() == key.Name() {
					return refusal
				}
				return c.Create(ctx, o, opts...)
			}})
			_, _, err := put(t, s, noise(3*chunkBytes))
			require.ErrorIs(t, err, refusal)
			heads, chunks := list(t, api)
			assert.Empty(t, append(heads, chunks...))
		})
	}
}

// TestLabelsOfARun: a tenant has given the run labels of the own invention.
func TestLabelsOfARun(t *testing.T) {
	s, _ := open(interceptor.Funcs{})
	of := Origin{RunUID: "uid", Labels: map[string]string{"kratix.io/promise-name": "db", "kratix.io/evil": "x", Label: "evil", labelUpload: "evil"}}
	_, _, err := s.Put(t.Context(), key, of, digest(nil), 0, bytes.NewReader(nil))
	require.NoError(t, err)
	r, err := s.Get(t.Context(), key)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"kratix.io/promise-name": "db"}, r.Labels)
	assert.NotEqual(t, "evil", r.upload)
}

// A crash is a Put that stops at some point and does not clean up.
func TestSweep(t *testing.T) {
	s, api := open(failAt(4, false))
	_, _, err := put(t, s, noise(3*chunkBytes))
	require.ErrorIs(t, err, errAPI)
	_, orphans := list(t, api)
	require.Len(t, orphans, 4)

	_, err = s.Sweep(t.Context(), time.Minute)
	assert.ErrorContains(t, err, "may belong to an upload under way")
	swept, err := s.Sweep(t.Context(), MinSweepAge)
	require.NoError(t, err)
	assert.Zero(t, swept, "they are young")

	kept, _, err := put(t, s, noise(2*chunkBytes))
	require.NoError(t, err)
	age(t, api, 2*MinSweepAge)
	swept, err = s.Sweep(t.Context(), MinSweepAge)
	require.NoError(t, err)
	assert.Equal(t, 1, swept)
	_, chunks := list(t, api)
	assert.Len(t, chunks, kept.chunks)
	_, err = read(t, s, kept)
	assert.NoError(t, err)
}

// age makes everything older.
func age(t *testing.T, api client.Client, by time.Duration) {
	t.Helper()
	all := &corev1.ConfigMapList{}
	require.NoError(t, api.List(t.Context(), all, client.InNamespace(system)))
	for _, m := range all.Items {
		m.CreationTimestamp = metav1.NewTime(m.CreationTimestamp.Add(-by))
		require.NoError(t, api.Update(t.Context(), &m))
	}
}

func TestDeleteAfterACrashInTheMiddle(t *testing.T) {
	fail := true
	s, api := open(interceptor.Funcs{DeleteAllOf: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteAllOfOption) error {
		if fail {
			return errAPI
		}
		return c.DeleteAllOf(ctx, o, opts...)
	}})
	r, _, err := put(t, s, noise(2*chunkBytes))
	require.NoError(t, err)
	require.ErrorIs(t, s.Delete(t.Context(), r), errAPI)
	_, err = s.Get(t.Context(), key)
	assert.ErrorIs(t, err, ErrNotFound, "half a record is none")
	fail = false
	require.NoError(t, s.Delete(t.Context(), r))
	_, chunks := list(t, api)
	assert.Empty(t, chunks)
}

func TestDeleteSparesALaterRecord(t *testing.T) {
	var precondition types.UID
	s, _ := open(interceptor.Funcs{Delete: func(_ context.Context, _ client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
		all := (&client.DeleteOptions{}).ApplyOptions(opts)
		precondition = *all.Preconditions.UID
		return apierrors.NewConflict(corev1.Resource("configmaps"), o.GetName(), errAPI)
	}})
	r, _, err := put(t, s, noise(10))
	require.NoError(t, err)
	require.NoError(t, s.Delete(t.Context(), r))
	assert.Equal(t, r.uid, precondition)
	_, err = s.Get(t.Context(), key)
	assert.NoError(t, err)
}

func TestKeep(t *testing.T) {
	s, api := open(interceptor.Funcs{})
	r, _, err := put(t, s, noise(10))
	require.NoError(t, err)
	waiting := func() int {
		heads := &corev1.ConfigMapList{}
		require.NoError(t, api.List(t.Context(), heads, client.MatchingLabels{Label: Waiting}))
		return len(heads.Items)
	}
	assert.Equal(t, 1, waiting())
	require.NoError(t, s.Keep(t.Context(), r))
	assert.Zero(t, waiting())
	_, err = read(t, s, r)
	assert.NoError(t, err)
}
