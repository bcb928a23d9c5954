// SPDX-License-Identifier: Apache-2.0

package goldenfiles

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDiff(t *testing.T) {
	old := Tree{"b.yaml": []byte("x: 1\ny: 2\n"), "gone.yaml": []byte("g: 1\n"), "same.yaml": []byte("s: 1\n")}
	now := Tree{"b.yaml": []byte("x: 1\ny: 3\n"), "a.yaml": []byte("n: 1\n"), "same.yaml": []byte("s: 1\n")}
	assert.Equal(t, `diff /dev/null compiled/a.yaml
--- /dev/null
+++ compiled/a.yaml
@@ -0,0 +1,1 @@
+n: 1
diff golden/b.yaml compiled/b.yaml
--- golden/b.yaml
+++ compiled/b.yaml
@@ -1,2 +1,2 @@
 x: 1
-y: 2
+y: 3
diff golden/gone.yaml /dev/null
--- golden/gone.yaml
+++ /dev/null
@@ -1,1 +0,0 @@
-g: 1
`, string(Diff(old, now)))
	assert.Empty(t, Diff(old, old))
	assert.Empty(t, Diff(nil, nil))
}
