// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"fmt"
	"strings"
)

// dotShapes are graphviz's names of shapes.
var dotShapes = map[Shape]string{
	Container:    "box",
	Promise:      "oval",
	API:          "hexagon",
	Dependencies: "folder",
	Object:       "note",
	Destinations: "cylinder",
}

func printDot(g Graph) []byte {
	var b bytes.Buffer
	b.WriteString("digraph {\n  rankdir=LR\n")
	for _, n := range g.Nodes {
		dotNode(&b, n, 1)
	}
	for _, box := range g.Boxes {
		dotBox(&b, box, 1)
	}
	for _, e := range g.Edges {
		var style string
		if e.Label != "" {
			style += ` label="` + dotText(e.Label) + `"`
		}
		if e.Dashed {
			style += " style=dashed"
		}
		if style != "" {
			style = " [" + style[1:] + "]"
		}
		fmt.Fprintf(&b, "  %s -> %s%s\n", e.From, e.To, style)
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// dotBox draws a frame: graphviz does so for subgraphs whose names begin with cluster.
func dotBox(b *bytes.Buffer, box Box, depth int) {
	indent := strings.Repeat("  ", depth)
	fmt.Fprintf(b, "%ssubgraph cluster_%s {\n%s  label=\"%s\"\n", indent, box.ID, indent, dotText(box.Title))
	for _, n := range box.Nodes {
		dotNode(b, n, depth+1)
	}
	for _, inner := range box.Boxes {
		dotBox(b, inner, depth+1)
	}
	fmt.Fprintf(b, "%s}\n", indent)
}

func dotNode(b *bytes.Buffer, n Node, depth int) {
	fmt.Fprintf(b, "%s%s [shape=%s label=\"%s\"]\n", strings.Repeat("  ", depth), n.ID, dotShapes[n.Shape], dotText(n.Lines...))
}

var dotEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")

// dotText escapes what means something to graphviz in a quoted text.
func dotText(lines ...string) string {
	escaped := make([]string, len(lines))
	for i, line := range lines {
		escaped[i] = dotEscapes.Replace(strings.Map(visible, line))
	}
	return strings.Join(escaped, `\n`)
}
