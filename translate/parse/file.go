// SPDX-License-Identifier: Apache-2.0

package parse

import "bytes"

// File is the bytes of a file, and its name in positions.
type File struct {
	Name   string
	Data   []byte
	Origin Origin
}

// Line is the text of line n, counted from 1, without its line break. It is empty if there is
// no such line. For many lines, use Lines.
func (f File) Line(n int) string { return f.Lines().Line(n) }

// Lines are the lines of the file.
func (f File) Lines() *Lines {
	text := bytes.TrimPrefix(f.Data, bom)
	return &Lines{text: text, rest: text, number: 1}
}

// Lines continues where the last question ended. If the lines are asked for in order, as sorted
// findings do, all of them cost one pass through the file.
type Lines struct {
	text []byte
	// rest begins with the line of this number.
	rest   []byte
	number int
}

// Line is the text of line n as File.Line has it; nil has no lines.
func (l *Lines) Line(n int) string {
	if l == nil {
		return ""
	}
	if n < l.number {
		l.rest, l.number = l.text, 1
	}
	for ; l.number < n && len(l.rest) > 0; l.number++ {
		l.rest = l.rest[lineEnd(l.rest, 0):]
	}
	line, _, _ := bytes.Cut(l.rest, []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r")))
}
