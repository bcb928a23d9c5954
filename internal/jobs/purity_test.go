// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// impure are clients, clocks and chance: what this package decides on comes as arguments.
var impure = regexp.MustCompile(`"(os|net.*|math/rand.*|k8s\.io/client-go.*|sigs\.k8s\.io/controller-runtime.*)"|time\.(Now|Since|Until|Sleep|After|Tick)\b`)

func TestPure(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if !strings.HasSuffix(name, "_test.go") {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			assert.NotRegexp(t, impure, string(text), name)
		}
	}
}
