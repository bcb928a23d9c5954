// SPDX-License-Identifier: Apache-2.0

package quote

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCut(t *testing.T) {
	assert.Equal(t, "as long", Cut("as long", 7))
	assert.Equal(t, "too ...", Cut("too long", 7))
	assert.Equal(t, "ü...", Cut("üüüüü", 6), "half a character is left out")
}

func TestPlain(t *testing.T) {
	assert.Equal(t, "two lines", Plain("two\nlines"))
	assert.Equal(t, "\ufffd[2Jgone\ufffd", Plain("\x1b[2Jgone\u202e"))
}

func TestWord(t *testing.T) {
	for word, want := range map[string]string{
		"": "''", "a-b_c=/d:e": "a-b_c=/d:e", "a b": "'a b'", "it's $x": `'it'\''s $x'`, "a\nb": "'a\nb'", "~x": "'~x'",
	} {
		assert.Equal(t, want, Word(word))
	}
}
