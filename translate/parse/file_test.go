// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLine(t *testing.T) {
	f := File{Data: []byte("\ufeffa: b\r\nc: d\n\ne")}
	want := []string{"a: b", "a: b", "c: d", "", "e", "", ""}
	for n := range want {
		assert.Equal(t, want[n], f.Line(n), n)
	}
	all := f.Lines()
	for _, n := range []int{1, 2, 2, 4, 6, 5, 3, 0, 4, 1} {
		assert.Equal(t, want[n], all.Line(n), n)
	}
	assert.Empty(t, File{}.Line(1))
	assert.Empty(t, (*Lines)(nil).Line(1))
}

// TestManyLines would take minutes if each line were looked for from the top.
func TestManyLines(t *testing.T) {
	const many = 1_000_000
	all := File{Data: []byte(strings.Repeat("a: b\n", many))}.Lines()
	for n := 1; n <= many; n++ {
		require.Equal(t, "a: b", all.Line(n))
	}
}
