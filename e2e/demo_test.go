// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// demonstrate types what README.md says about a cluster that has the engine and the runner.
func (in *installation) demonstrate(t *testing.T) {
	t.Helper()
	out, err := in.try(bounded(t), "README.md", "make demo ENGINE="+in.engine.name+" CLUSTER=current")
	require.NoError(t, err, "%s", out)
	for _, words := range []string{
		"demo: using the context ",
		"with the annotation kratix-compile.io/engine: " + in.engine.name + "\n",
		"        | http://default-tea.example.org is new\n",
		"  it is gone, and all that came of it\n",
	} {
		assert.Contains(t, out, words)
	}
}
