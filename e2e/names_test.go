// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestKratixNames runs containers that are called as Kratix calls its own. There they would
// clash, so that there is no plain Pod to compare with; testdata/names has the engines' names.
func TestKratixNames(t *testing.T) {
	names := []string{"reader", "work-writer", "status-writer"}
	spec := "containers:\n"
	for _, name := range names {
		spec += "  - {name: " + name + ", image: IMAGE, command: [probe, " + name + "]}\n"
	}
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, "names", onePipeline(spec), nil)
			var ran []string
			for _, seen := range e.succeed(t, c.compile(t, e.name)) {
				for _, one := range seen {
					require.Len(t, one.Args, 2)
					ran = append(ran, one.Args[1])
				}
			}
			assert.Equal(t, names, ran)
		})
	}
}
