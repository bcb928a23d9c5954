// SPDX-License-Identifier: Apache-2.0

package git

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStateFileIsGone: its writer is told what stays.
func TestStateFileIsGone(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	store := server.open(t)
	c := update("ns/a", "namespace.yaml", "1")
	c.StateFile = ".kratix/a.yaml"
	require.NoError(t, one(t, store, c).Err)
	server.Foreign(t, nil, ".kratix/a.yaml")
	c.Files, c.Known = nil, []string{"namespace.yaml", "never-written.yaml"}
	o := one(t, store, c)
	require.NoError(t, o.Err)
	assert.Equal(t, []string{"namespace.yaml"}, o.Stay)
	assert.Equal(t, map[string]string{"namespace.yaml": "1"}, server.Files(t))
}

// TestBlobs: git cat-file prints many blobs one after the other, whatever is in them.
func TestBlobs(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	binary := strings.Repeat("\x00\nx", 1000)
	server.Foreign(t, map[string]string{"a": binary, "b": "", "c": "1 blob 2\n"})
	store := server.open(t)
	require.NoError(t, store.Check(t.Context()))
	tree, err := store.cache.tree(t.Context())
	require.NoError(t, err)
	for range 2 { // they are fetched, and then they are there
		contents, err := tree.Read(t.Context(), []string{"a", "b", "c", "d"})
		require.NoError(t, err)
		assert.Equal(t, map[string][]byte{"a": []byte(binary), "b": {}, "c": []byte("1 blob 2\n")}, contents)
	}
}
