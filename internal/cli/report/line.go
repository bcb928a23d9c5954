// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// An excerpt of a line longer than maxLine has this many characters before and after the
// column.
const (
	maxLine   = 160
	shownLeft = 60
	shownRest = 90
)

const ellipsis = '…'

// window is the part of a line that is shown; caret counts from 0 in it.
type window struct {
	text  []rune
	caret int
}

// excerpt cuts a long line around a column, which counts from 1.
func excerpt(line []rune, col int) window {
	caret := max(col-1, 0)
	if len(line) <= maxLine {
		return window{line, caret}
	}
	caret = min(caret, len(line))
	from, to := max(caret-shownLeft, 0), min(caret+shownRest, len(line))
	text := append([]rune{}, line[from:to]...)
	if from > 0 {
		text[0] = ellipsis
	}
	if to < len(line) {
		text[len(text)-1] = ellipsis
	}
	return window{text, caret - from}
}

// blank is empty text of the same width, so that the caret stands below its character. Tabs
// stay, and wide characters become wide spaces.
func blank(text []rune) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\t':
			b.WriteRune(r)
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // no width
		case wide(r):
			b.WriteRune('\u3000')
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// wide tells whether terminals give a character two columns.
func wide(r rune) bool {
	kind := width.LookupRune(r).Kind()
	return kind == width.EastAsianWide || kind == width.EastAsianFullwidth
}

// underline marks the rest of the value that begins here, up to the closing quote or the end of
// the word.
func underline(rest []rune) string {
	text := string(rest)
	word, _, _ := strings.Cut(strings.TrimRight(text, " \t"), " ")
	word = strings.TrimRight(word, ",:]}")
	if len(text) > 1 && (text[0] == '"' || text[0] == '\'') {
		if end := strings.IndexByte(text[1:], text[0]); end >= 0 {
			word = text[:end+2]
		}
	}
	return strings.Repeat("~", max(0, utf8.RuneCountInString(word)-1))
}

// printable replaces control characters and those that change the direction of writing, because
// a hostile file could use them against the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return r
		case unicode.IsControl(r), r == '\u2028', r == '\u2029', unicode.Is(unicode.Bidi_Control, r):
			return utf8.RuneError
		default:
			return r
		}
	}, s)
}

// oneLine is printable text without line breaks, because a finding is one line.
func oneLine(s string) string {
	return printable(strings.NewReplacer("\r\n", " ", "\n", " ").Replace(s))
}
