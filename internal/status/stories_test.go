// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/status"
)

// TestStories compares, byte for byte, what is shown of clusters in all kinds of trouble.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s := readStory(t, file)
			facts, _, err := s.gatherer(t).Gather(t.Context(), s.subject())
			require.NoError(t, err)
			shown := status.Read(facts)
			var tree, data bytes.Buffer
			require.NoError(t, status.Tree(&tree, shown, status.Palette{}, now))
			require.NoError(t, status.Print(&data, shown, "json"))
			s.compare(t, map[string]string{"tree.txt": tree.String(), "trail.json": data.String()})
		})
	}
}

// TestReadIsPure demands the same Trail for the same Facts, and that the Facts do not
// change.
func TestReadIsPure(t *testing.T) {
	s := readStory(t, "testdata/ready.txtar")
	facts, _, err := s.gatherer(t).Gather(t.Context(), s.subject())
	require.NoError(t, err)
	first := status.Read(facts)
	assert.Equal(t, first, status.Read(facts))
	again, _, err := s.gatherer(t).Gather(t.Context(), s.subject())
	require.NoError(t, err)
	assert.Equal(t, again, facts)
}
