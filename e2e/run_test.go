package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRuns demands that a Pipeline's containers see the same on every engine as in a Pod
// of the shape that Kratix makes.
func TestRuns(t *testing.T) {
	entries, err := os.ReadDir("testdata")
	require.NoError(t, err)
	for _, entry := range entries {
		t.Run(entry.Name(), func(t *testing.T) {
			t.Parallel()
			c := loadCase(t, filepath.Join("testdata", entry.Name()))
			for _, object := range c.compile(t, "tekton") {
				if object.GetKind() == "ServiceAccount" {
					require.NoError(t, shared.Create(t.Context(), object))
				}
			}
			plain := runPlain(t, c.plainPods(t))
			for _, e := range engines {
				t.Run(e.name, func(t *testing.T) {
					compare(t, e, plain, e.succeed(t, c.compile(t, e.name)))
				})
			}
		})
	}
}
