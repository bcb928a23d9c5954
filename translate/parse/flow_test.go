// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// TestCommasInText reads text with more indicators than a flow collection may
// have, which lie in scalars and comments or in many small collections.
func TestCommasInText(t *testing.T) {
	many := strings.Repeat("[,:]", maxFlow)
	for name, in := range map[string]string{
		"a block scalar":      "a: |\n  " + many + "\nb: [c]\n",
		"a folded one":        "- >2-  # d, e\n    " + many + "\n\n  " + many + "\n- [c]\n",
		"double quotes":       `a: "\"` + many + `"`,
		"single quotes":       "a: ['''" + many + "\n']",
		"plain text":          "a: b" + many + "\n  [" + many + "\nb: [c]\n",
		"a comment":           "a: b # " + many + "\n# " + many,
		"a key":               "a:\n  ? |\n   " + many + "\n  : b\n",
		"many collections":    strings.Repeat("- {a: [b, c], d: e}\n", 50_000),
		"a map of many lists": strings.TrimPrefix(strings.Repeat("\n  - [a, b]", 60_000), "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			_, found := largeFlow(chunk{text: []byte(in)})
			assert.False(t, found)
		})
	}
}

func TestLargeFlow(t *testing.T) {
	many := strings.Repeat("b, ", maxFlow)
	for _, c := range []struct{ name, in, want string }{
		{"a list", "a: b\nc: [" + many + "]", "2:4"},
		{"the outermost", "a: [d]\né: {x: [" + many + "]}", "2:4"},
		{"in many small ones", "- [" + strings.Repeat("[b], ", maxFlow) + "]", "1:3"},
		{"a map", "{" + strings.Repeat("b: c,\n", maxFlow) + "}", "1:1"},
		{"behind what looks like text", "a: b |\n  \"c\nd: 'e' # |\nf: [" + many + "]", "4:4"},
		{"behind what looks like a quote", `a: [ :"b, ` + many + "]", "1:4"},
		{"behind a block scalar", "a:\n- |\n b\n- &c !<d,[> [" + many + "]", "4:13"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diags := Documents(File{Name: "in.yaml", Data: []byte(c.in)})
			assert.Equal(t, c.want+" KC104 more than 150000 commas, colons and brackets in the list or mapping that opens here; "+
				"write it in lines of its own, or the document as JSON\n", lines(diags))
		})
	}
}

// FuzzFlow demands that the skimmer sees the collections that the parser sees.
func FuzzFlow(f *testing.F) {
	for _, s := range awkward {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var diags diag.List
		for _, c := range split("in.yaml", data, &diags) {
			var document yaml.Node
			if !checkText("in.yaml", c, &diags) || yaml.Load(c.text, &document, yaml.WithPlugin(limits{})) != nil {
				continue
			}
			lists := 0
			s := newSkimmer(c)
			for s.next() {
				if s.last == '[' {
					lists++
				}
			}
			require.Zero(t, s.depth)
			require.Equal(t, flowLists(&document), lists)
		}
	})
}

// flowLists leaves out mappings, for in [a: b] is one that nothing opens.
func flowLists(n *yaml.Node) int {
	lists := 0
	if n.Kind == yaml.SequenceNode && n.Style&yaml.FlowStyle != 0 {
		lists++
	}
	for _, child := range n.Content {
		lists += flowLists(child)
	}
	return lists
}
