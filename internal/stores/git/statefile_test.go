// SPDX-License-Identifier: Apache-2.0

package git

import (
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
