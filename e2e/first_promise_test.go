// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shownFile is a block that begins with a comment that is a name: readers write that file.
var shownFile = regexp.MustCompile("(?ms)^```yaml\n(# ([\\w-]+\\.yaml)\n.*?)^```$")

// TestFirstPromise writes what docs/first-promise.md has its reader write, and does what it
// says, on one engine after the other.
func TestFirstPromise(t *testing.T) {
	const page = "../docs/first-promise.md"
	kubectl := buildKubectl(t)
	installed := installRunner(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			startRunner(t, installed, e)
			r := newReader(t, kubectl)
			text, err := os.ReadFile(page)
			require.NoError(t, err)
			files := shownFile.FindAllSubmatch(text, -1)
			require.Len(t, files, 2, "a Promise and a request")
			for _, file := range files {
				require.NoError(t, os.WriteFile(filepath.Join(r.dir, string(file[2])), file[1], 0o600))
			}
			around := steps(t, "README.md")
			r.follow(t, around[0])
			for _, session := range steps(t, page) {
				r.follow(t, session)
			}
			assert.Empty(t, r.store.files(t), "left over in the State Store")
			r.follow(t, around[1])
		})
	}
}
