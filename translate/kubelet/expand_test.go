// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestExpand(t *testing.T) {
	env := map[string]string{"A": "1", "B": "$(A)", "x.y": "dot"}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	for _, c := range []struct{ name, in, want string }{
		{"plain", "hello", "hello"},
		{"empty", "", ""},
		{"reference", "$(A)", "1"},
		{"not rescanned", "$(B)", "$(A)"},
		{"unknown stays", "$(NOPE)", "$(NOPE)"},
		{"escaped", "$$(A)", "$(A)"},
		{"escaped dollar, then reference", "$$$(A)", "$1"},
		{"two escapes", "$$$$(A)", "$$(A)"},
		{"unclosed", "$(A", "$(A"},
		{"nested ends at the first parenthesis", "$(x$(A))", "$(x$(A))"},
		{"dots", "$(x.y)", "dot"},
		{"shell", "${A} $A $((1+2)) $(date)", "${A} $A $((1+2)) $(date)"},
		{"last dollar", "a$", "a$"},
		{"dollar takes the next character along", "$a$(A)", "$a1"},
		{"lone pair", "$$", "$"},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, Expand(c.in, lookup))
		})
	}
}

func TestRefers(t *testing.T) {
	assert.True(t, Refers("a $(NAME) b", "NAME"))
	assert.False(t, Refers("a $$(NAME) b", "NAME"))
	assert.False(t, Refers("NAME", "NAME"))
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"", "$", "$$", "$(", "$(A)", "$$(A)", "a$(b$(c))", "$()", "$x$$$("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var whole strings.Builder
		for _, token := range Tokens(text) {
			whole.WriteString(token.Raw)
		}
		assert.Equal(t, text, whole.String(), "tokens are the text")
		everything := func(string) (string, bool) { return "expanded", true }
		assert.Equal(t, text, Expand(Quote(text), everything), "quoted text is literal")
	})
}
