// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPure keeps clients, clocks and chance out: time comes in a Situation.
func TestPure(t *testing.T) {
	allowed := []string{"cmp", "fmt", "maps", "math", "reflect", "slices", "strings", "time", "github.com/kratix-compile/kratix-compile/translate/workflow"}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, i := range file.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			require.NoError(t, err)
			assert.Contains(t, allowed, path, name)
		}
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.NotRegexp(t, `time\.(Now|Since|Until|Sleep|After|Tick)\b`, string(text), name)
	}
}
