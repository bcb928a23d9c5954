// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

var update = flag.Bool("update", false, "rewrite the pictures in testdata")

// TestPictures compares each Promise in testdata with both pictures of it.
func TestPictures(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, inputs)
	for _, input := range inputs {
		for _, format := range Formats {
			golden := strings.TrimSuffix(input, ".yaml") + "." + string(format)
			t.Run(filepath.Base(golden), func(t *testing.T) {
				data, err := os.ReadFile(input)
				require.NoError(t, err)
				picture := Of(load(t, string(data))).Print(format)
				if *update {
					require.NoError(t, os.WriteFile(golden, picture, 0o644))
				}
				want, err := os.ReadFile(golden)
				require.NoError(t, err)
				assert.Equal(t, string(want), string(picture))
			})
		}
	}
}

func load(t *testing.T, text string) []*parse.PromiseDoc {
	t.Helper()
	loaded := translate.Load(translate.Input{Files: []parse.File{{Name: "promises.yaml", Data: []byte(text)}}})
	var found []*parse.PromiseDoc
	require.False(t, loaded.Findings.HasErrors(), "%v", loaded.Findings)
	promises, _ := loaded.PromisesOnly()
	for _, p := range promises {
		require.False(t, p.Findings.HasErrors(), "%v", p.Findings)
		found = append(found, p.PromiseDoc)
	}
	require.NotEmpty(t, found)
	return found
}

// TestEveryShapeIsDrawn: a shape that a printer does not know would be a node without a frame.
func TestEveryShapeIsDrawn(t *testing.T) {
	for shape := Container; shape <= Destinations; shape++ {
		assert.NotEmpty(t, mermaidShapes[shape][0], shape)
		assert.NotEmpty(t, dotShapes[shape], shape)
	}
}

// lineOf has what a line of each format may look like, whatever the texts are.
var lineOf = map[Format]*regexp.Regexp{
	Mermaid: regexp.MustCompile(`^(flowchart LR|  subgraph \w+\["` + mermaidLabel + `"\]|  end|    direction LR|` +
		` +\w+(\["|\(\["|\{\{"|\[\["|\[/"|\[\(")` + mermaidLabel + `("\]|"\]\)|"\}\}|"\]\]|"/\]|"\)\])|` +
		`  \w+ (-->|-\.->)(\|"` + mermaidLabel + `"\|)? \w+)$`),
	Dot: regexp.MustCompile(`^(digraph \{|  rankdir=LR| +subgraph \w+ \{| +\}|\}|` +
		` +label="` + dotLabel + `"| +\w+ \[shape=\w+ label="` + dotLabel + `"\]|` +
		`  \w+ -> \w+( \[(label="` + dotLabel + `")?( ?style=dashed)?\])?)$`),
}

const (
	mermaidLabel = `([A-Za-z0-9 ./:@=,+-]|#[0-9]+;|<br/>)*`
	dotLabel     = `([^"\\[:cntrl:]]|\\[\\"n])*`
)

// FuzzText demands that a text cannot leave its label, whatever it has in it.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"busybox:1.37", `"]; evil["`, "a\nend\nb", `\`, `\"`, "#34;", "</text><script>", "%%{init: {}}%%", "`x`", "_x_ **y**", "\x00\xff", "é", "|\"", "&lt;", "\u2028",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g := Graph{Nodes: []Node{{ID: "n", Shape: Promise, Lines: []string{"Promise", text}}}, Edges: []Edge{{From: "a_1", To: "n", Label: text + "x", Dashed: true}}}
		g.Boxes = []Box{{ID: "a", Title: text}}
		for shape := Container; shape <= Destinations; shape++ {
			g.Boxes[0].Nodes = append(g.Boxes[0].Nodes, Node{ID: "a_1", Shape: shape, Lines: []string{text, text}})
		}
		plain := map[Format]int{Mermaid: 12, Dot: 14}
		for _, format := range Formats {
			lines := strings.Split(strings.TrimSuffix(string(g.Print(format)), "\n"), "\n")
			assert.Len(t, lines, plain[format])
			for _, line := range lines {
				assert.Regexp(t, lineOf[format], line)
			}
		}
	})
}
