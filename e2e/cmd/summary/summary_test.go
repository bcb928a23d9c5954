// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSummary reads what a real go test has printed, of packages that end in every way. Beside
// each is what a person sees, whose last line is whether all is well.
func TestSummary(t *testing.T) {
	recorded, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, recorded)
	for _, file := range recorded {
		t.Run(filepath.Base(file), func(t *testing.T) {
			events, err := os.ReadFile(file)
			require.NoError(t, err)
			want, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".txt")
			require.NoError(t, err)
			shown, well := summarize(t, string(events))
			if well {
				shown += "all is well\n"
			} else {
				shown += "not well\n"
			}
			assert.Equal(t, string(want), shown)
		})
	}
}

// TestNothingRan is no success.
func TestNothingRan(t *testing.T) {
	_, well := summarize(t, "")
	assert.False(t, well)
}

func summarize(t *testing.T, events string) (shown string, well bool) {
	t.Helper()
	var out strings.Builder
	r := newReport(&out)
	require.NoError(t, r.read(strings.NewReader(events)))
	well = r.tell()
	return out.String(), well
}
