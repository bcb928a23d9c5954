// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// ANSI colours of the four things that have one.
var (
	severityColor = map[diag.Severity]string{diag.Error: "\x1b[1;31m", diag.Warning: "\x1b[1;33m", diag.Note: "\x1b[1;36m"}
	positionColor = "\x1b[1m"
	caretColor    = "\x1b[1;32m"
	resetColor    = "\x1b[0m"
)

func (p Printer) printText(w io.Writer, diags diag.List) error {
	out := bufio.NewWriter(w)
	for _, d := range diags {
		if pos := d.Pos.String(); pos != "" {
			fmt.Fprintf(out, "%s: ", p.paint(positionColor, oneLine(pos)))
		}
		fmt.Fprintf(out, "%s: %s [%s]\n", p.paint(severityColor[d.Severity], d.Severity.String()), oneLine(message(d)), d.Code)
		p.snippet(out, d.Pos)
	}
	return out.Flush()
}

// snippet shows the line and a caret below the column.
func (p Printer) snippet(w io.Writer, pos diag.Pos) {
	if p.Source == nil || pos.Line == 0 {
		return
	}
	line := []rune(strings.TrimRight(p.Source.Line(pos.File, pos.Line), "\r\n"))
	if len(line) == 0 {
		return
	}
	shown := excerpt(line, pos.Col)
	number := fmt.Sprint(pos.Line)
	fmt.Fprintf(w, " %s | %s\n", number, printable(string(shown.text)))
	if pos.Col == 0 || shown.caret > len(shown.text) {
		return
	}
	before, after := shown.text[:shown.caret], shown.text[shown.caret:]
	fmt.Fprintf(w, " %s | %s%s\n", strings.Repeat(" ", len(number)), blank(before), p.paint(caretColor, "^"+underline(after)))
}

func (p Printer) paint(color, text string) string {
	if !p.Color {
		return text
	}
	return color + text + resetColor
}
