// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// weighing is a State Store that reads everything and says how much is on the disk then.
type weighing struct {
	statestore.Store
	t     *testing.T
	dir   string
	bytes []int64
}

func (w *weighing) Apply(_ context.Context, changes []statestore.Change) []statestore.Outcome {
	for _, c := range changes {
		for _, f := range c.Files {
			assert.NoError(w.t, statestore.CopyFile(f, io.Discard))
		}
	}
	w.bytes = append(w.bytes, onDisk(w.t, w.dir))
	return make([]statestore.Outcome, len(changes))
}

func onDisk(t *testing.T, dir string) (bytes int64) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		bytes += info.Size()
		return err
	}))
	return bytes
}

// TestDisk: however many large results wait for a State Store, few of them are unpacked at
// the same time.
func TestDisk(t *testing.T) {
	c, p := bundled(t, map[string]string{"a": strings.Repeat("x", 1<<20), "b": strings.Repeat("x", 3<<20)})
	store := &weighing{t: t, dir: c.tempDir}
	q := NewQueue(store, batchLimit, DefaultLimits().Batch)
	ctx, stop := context.WithCancel(t.Context())
	const n = 50
	outcomes := make(chan error, n)
	for i := range n {
		files, release := c.of(ctx, p)
		change := statestore.Change{ID: strconv.Itoa(i), Files: files, Release: release}
		q.Submit(DraftOf(change), func(o statestore.Outcome) { outcomes <- o.Err })
	}
	ended := make(chan struct{})
	go func() { q.Run(ctx); close(ended) }()
	for range n {
		require.NoError(t, <-outcomes)
	}
	stop()
	<-ended
	for _, bytes := range store.bytes {
		assert.LessOrEqual(t, bytes, int64(64+4)<<20)
		assert.Positive(t, bytes)
	}
	assert.Zero(t, onDisk(t, c.tempDir))
}

// TestOnlyItsOwnFilesAreUnpacked: the others of the bundle are other WorkPlacements'.
func TestOnlyItsOwnFilesAreUnpacked(t *testing.T) {
	c, p := bundled(t, map[string]string{"mine": "x", "other": strings.Repeat("x", 1<<20)})
	p.Spec.Workloads = p.Spec.Workloads[:1]
	files, release := c.of(t.Context(), p)
	assert.Equal(t, map[string]string{"mine": "x"}, texts(t, files))
	assert.EqualValues(t, 1, onDisk(t, c.tempDir))
	release()
}
