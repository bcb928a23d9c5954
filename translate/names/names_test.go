// SPDX-License-Identifier: Apache-2.0

package names

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/util/validation"
)

func TestStable(t *testing.T) {
	assert.Equal(t, "redis-resource-configure-render-f89fa", Stable("redis-resource-configure-render"), "found by name in clusters that Kratix set up")
	long := Stable(strings.Repeat("a", 55) + ".-" + strings.Repeat("b", 20))
	assert.LessOrEqual(t, len(long), 62)
	assert.True(t, strings.HasPrefix(long, strings.Repeat("a", 55)+"-"), "no separator before the hash: %s", long)
}

func TestWithHash(t *testing.T) {
	for base := range strings.SplitSeq("short,"+strings.Repeat("x", 80)+","+strings.Repeat("y-", 40), ",") {
		name := WithHash(base, "0123456789", MaxLabel)
		assert.LessOrEqual(t, len(name), MaxLabel)
		assert.Empty(t, validation.IsDNS1123Label(name))
	}
}

func TestHashKeepsPartsApart(t *testing.T) {
	assert.NotEqual(t, Hash(10, "a", "b"), Hash(10, "ab"))
	assert.Len(t, Hash(10, "a"), 10)
}

func TestAssign(t *testing.T) {
	long := strings.Repeat("l", 40)
	reserved := func(n string) bool { return n == "main" || strings.HasPrefix(n, "tekton-") }
	wanted := []string{"main", "web", "web", long, "user-main", "tekton-x"}
	out := Assign(wanted, 20, reserved)
	seen := map[string]bool{}
	for i, name := range out {
		assert.False(t, seen[name], name)
		assert.LessOrEqual(t, len(name), 20)
		assert.False(t, reserved(name), name)
		seen[name] = true
		assert.Equal(t, i == 1 || i == 4, name == wanted[i], "%q became %q", wanted[i], name)
	}
	assert.Equal(t, "user-tekton-x", out[5])
	assert.Equal(t, out, Assign(wanted, 20, reserved), "the same every time")
}
