// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

func TestText(t *testing.T) {
	source := lines{"spec:", "\tname: \"a b\", # c", "\t", "日本: x", "e\u0301: x", "name: '\x1b]0;title\a'", "Ａ🚀é→: x"}
	for _, tc := range []struct {
		name string
		d    diag.Diagnostic
		want string
	}{
		{"a word", warning(at(1, 1), "m"), "a.yaml:1:1: warning: tekton: m [KC407]\n 1 | spec:\n   | ^~~~\n"},
		{"tabs stay", warning(at(2, 8), "m"), "a.yaml:2:8: warning: tekton: m [KC407]\n 2 | \tname: \"a b\", # c\n   | \t      ^~~~~\n"},
		{"behind the end", warning(at(1, 6), "m"), "a.yaml:1:6: warning: tekton: m [KC407]\n 1 | spec:\n   |      ^\n"},
		{"far behind the end", warning(at(1, 60), "m"), "a.yaml:1:60: warning: tekton: m [KC407]\n 1 | spec:\n"},
		{"no such line", warning(at(60, 1), "m"), "a.yaml:60:1: warning: tekton: m [KC407]\n"},
		{"no column", warning(at(1, 0), "m"), "a.yaml:1: warning: tekton: m [KC407]\n 1 | spec:\n"},
		{"no line", warning(diag.Pos{File: "a.yaml"}, "m"), "a.yaml: warning: tekton: m [KC407]\n"},
		{"no place", warning(diag.Pos{}, "m"), "warning: tekton: m [KC407]\n"},
		{"wide characters", warning(at(4, 5), "m"), "a.yaml:4:5: warning: tekton: m [KC407]\n 4 | 日本: x\n   | \u3000\u3000  ^\n"},
		{"other wide characters", warning(at(7, 7), "m"), "a.yaml:7:7: warning: tekton: m [KC407]\n 7 | Ａ🚀é→: x\n   | \u3000\u3000    ^\n"},
		{"combining characters", warning(at(5, 5), "m"), "a.yaml:5:5: warning: tekton: m [KC407]\n 5 | e\u0301: x\n   |    ^\n"},
		{"control characters", warning(at(6, 1), "m"), "a.yaml:6:1: warning: tekton: m [KC407]\n 6 | name: '\ufffd]0;title\ufffd'\n   | ^~~~\n"},
		{
			"a hostile message", warning(diag.Pos{File: "\x1b[2J.yaml"}, "a\x1b[31m\nb\u202e"),
			"\ufffd[2J.yaml: warning: tekton: a\ufffd[31m b\ufffd [KC407]\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			assert.Equal(t, tc.want, printed(t, Printer{Format: Text, Source: source}, tc.d))
		})
	}
}

func TestTextWithoutASource(t *testing.T) {
	assert.Equal(t, "a.yaml:1:1: warning: tekton: m [KC407]\n", printed(t, Printer{Format: Text}, warning(at(1, 1), "m")))
}

func TestColors(t *testing.T) {
	got := printed(t, Printer{Format: Text, Color: true, Source: lines{"ab: c"}}, warning(at(1, 1), "m"))
	assert.Equal(t, "\x1b[1ma.yaml:1:1\x1b[0m: \x1b[1;33mwarning\x1b[0m: tekton: m [KC407]\n 1 | ab: c\n   | \x1b[1;32m^~\x1b[0m\n", got)
}

func TestLongLinesAreCut(t *testing.T) {
	line := strings.Repeat("x", 300) + " here " + strings.Repeat("y", 300)
	got := printed(t, Printer{Format: Text, Source: lines{line}}, warning(at(1, 302), "m"))
	snippet := strings.Split(got, "\n")
	text, caret := []rune(snippet[1]), []rune(snippet[2])
	assert.Contains(t, string(text), "…xxx")
	assert.True(t, strings.HasSuffix(string(text), "yyy…"))
	assert.LessOrEqual(t, len(text), maxLine)
	column := strings.IndexRune(string(caret), '^')
	assert.Equal(t, "here", string(text[column:column+4]))
	assert.Equal(t, "^~~~", string(caret[column:]))

	start := printed(t, Printer{Format: Text, Source: lines{line}}, warning(at(1, 1), "m"))
	assert.Contains(t, start, " 1 | xxx")
	end := printed(t, Printer{Format: Text, Source: lines{line}}, warning(at(1, 606), "m"))
	assert.True(t, strings.HasSuffix(strings.Split(end, "\n")[1], "yyy"))
	beyond := printed(t, Printer{Format: Text, Source: lines{line}}, warning(at(1, 9999), "m"))
	assert.Contains(t, beyond, "yyy")
}

func TestUnderline(t *testing.T) {
	for rest, want := range map[string]string{
		"":            "",
		"a":           "",
		"abc def":     "~~",
		"abc: def":    "~~",
		"[a]":         "~",
		`"a b", "c"]`: "~~~~",
		`"open`:       "~~~~",
		"'a'":         "~~",
		"übel x":      "~~~",
	} {
		assert.Equal(t, want, underline([]rune(rest)), rest)
	}
}
