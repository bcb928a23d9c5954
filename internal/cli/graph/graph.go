// SPDX-License-Identifier: Apache-2.0

// Package graph draws Promises: what they offer, what runs for it, what that needs, and where the
// files go. Of makes a Graph; Mermaid and Dot print it, and the same Promises give the same bytes.
package graph

// Graph is a picture of boxes and nodes.
type Graph struct {
	Boxes []Box
	// Nodes are those outside of all boxes.
	Nodes []Node
	Edges []Edge
}

// Box is a frame around nodes and other boxes. IDs of boxes and nodes are different, and have
// lower-case letters, digits and underscores only.
type Box struct {
	ID    string
	Title string
	Nodes []Node
	Boxes []Box
}

// Node is one thing. Lines are its text, which may have any character.
type Node struct {
	ID    string
	Shape Shape
	Lines []string
}

// Edge is an arrow from a node to a node.
type Edge struct {
	From, To string
	// Label may be empty.
	Label  string
	Dashed bool
}

// Shape says what a node stands for.
type Shape int

// The shapes. Each printer has a drawing for each of them.
const (
	Container Shape = iota
	Promise
	API
	Dependencies
	Object // a Secret or a ConfigMap
	Destinations
)

// Format is a language in which a Graph can be printed.
type Format string

// The formats: GitHub shows mermaid in a page, graphviz draws dot.
const (
	Mermaid Format = "mermaid"
	Dot     Format = "dot"
)

// Formats are all formats, the default first.
var Formats = []Format{Mermaid, Dot}

// Print writes the picture down.
func (g Graph) Print(format Format) []byte {
	if format == Dot {
		return printDot(g)
	}
	return printMermaid(g)
}
