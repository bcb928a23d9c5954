// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// mermaidShapes are what mermaid puts around the text of a node.
var mermaidShapes = map[Shape][2]string{
	Container:    {`["`, `"]`},
	Promise:      {`(["`, `"])`},
	API:          {`{{"`, `"}}`},
	Dependencies: {`[["`, `"]]`},
	Object:       {`[/"`, `"/]`},
	Destinations: {`[("`, `")]`},
}

func printMermaid(g Graph) []byte {
	var b bytes.Buffer
	b.WriteString("flowchart LR\n")
	for _, n := range g.Nodes {
		mermaidNode(&b, n, 1)
	}
	for _, box := range g.Boxes {
		mermaidBox(&b, box, 1)
	}
	for _, e := range g.Edges {
		arrow := "-->"
		if e.Dashed {
			arrow = "-.->"
		}
		if e.Label != "" {
			arrow += `|"` + mermaidText(e.Label) + `"|`
		}
		fmt.Fprintf(&b, "  %s %s %s\n", e.From, arrow, e.To)
	}
	return b.Bytes()
}

func mermaidBox(b *bytes.Buffer, box Box, depth int) {
	indent := strings.Repeat("  ", depth)
	fmt.Fprintf(b, "%ssubgraph %s[\"%s\"]\n", indent, box.ID, mermaidText(box.Title))
	if depth == 1 { // mermaid turns a box by a quarter if no edge leaves it
		b.WriteString("    direction LR\n")
	}
	for _, n := range box.Nodes {
		mermaidNode(b, n, depth+1)
	}
	for _, inner := range box.Boxes {
		mermaidBox(b, inner, depth+1)
	}
	fmt.Fprintf(b, "%send\n", indent)
}

func mermaidNode(b *bytes.Buffer, n Node, depth int) {
	around := mermaidShapes[n.Shape]
	fmt.Fprintf(b, "%s%s%s%s%s\n", strings.Repeat("  ", depth), n.ID, around[0], mermaidText(n.Lines...), around[1])
}

// mermaidText writes most of what is no letter or digit as a number, as #34; for a quote. So a
// text can end no label, and mermaid finds neither HTML nor Markdown nor a directive in it.
func mermaidText(lines ...string) string {
	const plain = " ./:@=,+-"
	escaped := make([]string, len(lines))
	for i, line := range lines {
		var b strings.Builder
		for _, r := range line {
			switch {
			case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)), strings.ContainsRune(plain, r):
				b.WriteRune(r)
			default:
				fmt.Fprintf(&b, "#%d;", visible(r))
			}
		}
		escaped[i] = b.String()
	}
	return strings.Join(escaped, "<br/>")
}

// visible replaces what no picture can show, such as a line break.
func visible(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}
