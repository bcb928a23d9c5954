// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func golden(t *testing.T, file, have string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(have), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), have, "if it is meant to be so: go test ./manifests -update")
}
