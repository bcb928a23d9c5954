// SPDX-License-Identifier: Apache-2.0

package local

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGoldenOutputs holds the examples to the golden files of what their Pipelines write. A test of
// the same name in e2e compares these files with State Stores that the real engines have filled.
func TestGoldenOutputs(t *testing.T) {
	onEach(t, func(t *testing.T, m machine) {
		promises, err := filepath.Glob("../../examples/*/promise.yaml")
		require.NoError(t, err)
		for _, promise := range promises {
			example, err := filepath.Abs(filepath.Dir(promise))
			require.NoError(t, err)
			if filepath.Base(example) == "redis" {
				continue // its images are nowhere
			}
			t.Run(filepath.Base(example), func(t *testing.T) {
				args := []string{"-f", example, "--expect", filepath.Join(example, "golden")}
				if secrets := filepath.Join(example, "secrets.yaml"); exists(secrets) {
					args = append(args, "--objects", secrets)
				}
				changes, said := m.person(t).run(0, args...)
				assert.Empty(t, changes)
				assert.Contains(t, said, ", Pipeline ")
				m.nothingLeft(t)
			})
		}
	})
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
