// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// maxDocuments bounds a file of next to nothing, many times.
const maxDocuments = 10_000

// chunk is the text between two separators; line is the number of its first.
type chunk struct {
	text []byte
	line int
}

// split cuts a file at lines that are --- or ..., as kubectl does before it parses. So a
// mistake in one document does not affect the others. No JSON text and no block of a YAML text
// can hold such a line.
func split(name string, data []byte, diags *diag.List) []chunk {
	var chunks []chunk
	begin, line, skip := 0, 1, false
	skipped := 0
	end := func(offset int) {
		c := chunk{text: data[begin:offset], line: line}
		if !skip && !blank(c.text) {
			chunks = append(chunks, c)
		}
	}
	number := 0
	for offset := 0; offset < len(data); {
		if len(chunks)+skipped == maxDocuments {
			tooMany(diag.Pos{File: name, Line: line, Col: 1}, diags)
			return chunks
		}
		next := lineEnd(data, offset)
		number++
		if text := data[offset:next]; isSeparator(text) {
			end(offset)
			begin, line = next, number+1
			skip = !isBare(text)
			if skip {
				skipped++
				diags.AddPos(diag.BadYAML, diag.Pos{File: name, Line: number, Col: 4},
					"text on the line of a document separator; begin the document on the next line")
			}
		}
		offset = next
	}
	end(len(data))
	return chunks
}

func tooMany(pos diag.Pos, diags *diag.List) {
	diags.AddPos(diag.TooLarge, pos, "more than %d documents in one file; split it", maxDocuments)
}

func lineEnd(data []byte, offset int) int {
	if n := bytes.IndexByte(data[offset:], '\n'); n >= 0 {
		return offset + n + 1
	}
	return len(data)
}

func isSeparator(line []byte) bool {
	after, dots := bytes.CutPrefix(line, []byte("..."))
	return bytes.HasPrefix(line, []byte("---")) || dots && (len(after) == 0 || isBlank(after[0]))
}

func isBare(separator []byte) bool {
	rest := bytes.TrimSpace(separator[3:])
	return len(rest) == 0 || rest[0] == '#'
}

// isBlank counts the end of the text as blank.
func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0
}

// blank tells whether text holds nothing but comments.
func blank(text []byte) bool {
	for len(text) > 0 {
		next := lineEnd(text, 0)
		line := bytes.TrimSpace(text[:next])
		if len(line) > 0 && line[0] != '#' {
			return false
		}
		text = text[next:]
	}
	return true
}
