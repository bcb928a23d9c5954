// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"
	"unicode/utf8"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// maxBytes is the size of the largest request that API servers read.
const maxBytes = 3 << 20

var bom = []byte("\xef\xbb\xbf")

// encoded tells UTF-16 and UTF-32 by their byte order marks.
func encoded(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(data, []byte("\x00\x00\xfe\xff")):
		return "UTF-32"
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return "UTF-16"
	default:
		return ""
	}
}

// checkText finds the first character that YAML does not allow in a document. The parsers then
// get nothing but text.
func checkText(name string, c chunk, diags *diag.List) bool {
	at := cursor{line: c.line, col: 1}
	for at.offset < len(c.text) {
		if b := c.text[at.offset]; b >= ' ' && b < 0x7f || b == '\n' || b == '\t' {
			at.step(c.text)
			continue
		}
		r, size := utf8.DecodeRune(c.text[at.offset:])
		if r == '\r' && bytes.HasPrefix(c.text[at.offset:], []byte("\r\n")) {
			at.step(c.text)
			continue
		}
		if problem := objection(r, size); problem != "" {
			diags.AddPos(diag.NotText, diag.Pos{File: name, Line: at.line, Col: at.col}, "%s", problem)
			return false
		}
		at.step(c.text)
	}
	return true
}

func objection(r rune, size int) string {
	switch {
	case r == utf8.RuneError && size == 1:
		return "the bytes here are not UTF-8; save the file as UTF-8"
	case r == 0:
		return "a NUL byte; this is a binary file or not UTF-8"
	case r == '\ufeff':
		return "a byte order mark in the middle of the file; remove it"
	case r == '\r', r == 0x85, r == 0x2028, r == 0x2029: // editors and versions of YAML disagree whether a line ends here
		return "a line break other than LF or CRLF (" + codePoint(r) + "); remove it or write it as an escape in double quotes"
	case r < ' ', r >= 0x7f && r < 0xa0, r == 0xfffe, r == 0xffff:
		return "a control character (" + codePoint(r) + "); remove it or write it as an escape in double quotes"
	default:
		return ""
	}
}

func codePoint(r rune) string {
	const hex = "0123456789ABCDEF"
	return "U+" + string([]byte{hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15]})
}

// cursor walks through text and knows the line and column it is at.
type cursor struct {
	offset    int
	line, col int
}

func (c *cursor) step(text []byte) {
	b := text[c.offset]
	switch {
	case b == '\n':
		c.offset++
		c.line++
		c.col = 1
	case b < utf8.RuneSelf:
		c.offset++
		c.col++
	default:
		_, size := utf8.DecodeRune(text[c.offset:])
		c.offset += size
		c.col++
	}
}
