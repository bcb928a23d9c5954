// SPDX-License-Identifier: Apache-2.0

// Package pictures draws what `kratix-compile graph` prints with the programs of others: mermaid in
// a browser, as GitHub does, and graphviz.
package pictures

import (
	"bytes"
	"html"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/docs/commands"
	"github.com/kratix-compile/kratix-compile/e2e/debian"
	"github.com/kratix-compile/kratix-compile/internal/cli/graph"
)

// golden are the pictures with all that there can be.
const golden = "../../internal/cli/graph/testdata/platform."

// hostile are texts that mean something to mermaid, Markdown, HTML or graphviz.
var hostile = []string{
	`"]; evil["`, "#34;", "`x`", "<b>y</b>", "_x_ **y**", "&lt;", "- x", "1. y", "end", "%%{init: {}}%%", "é☃", "https://example.org", `a\lb`, `\"`, "{{x}}",
}

func hostileGraph() graph.Graph {
	var g graph.Graph
	for i, text := range hostile {
		id := string(rune('a' + i))
		g.Nodes = append(g.Nodes, graph.Node{ID: "from_" + id, Lines: []string{"from", text}}, graph.Node{ID: "to_" + id, Lines: []string{text}})
		g.Edges = append(g.Edges, graph.Edge{From: "from_" + id, To: "to_" + id, Label: text})
	}
	return g
}

// A shape of a node is behind its ID; subgraphs have a word before it.
var (
	mermaidNode = regexp.MustCompile(`(?m)^ +\w+[\[({]`)
	dotNode     = regexp.MustCompile(`(?m)\[shape=`)
)

// TestMermaid draws the pictures of the pages, and others, in Chromium.
func TestMermaid(t *testing.T) {
	require.NoError(t, debian.Ensure("chromium", "chromium"))
	text, err := os.ReadFile(golden + "mermaid")
	require.NoError(t, err)
	pictures := append(shown(t), string(text), string(hostileGraph().Print(graph.Mermaid)))
	require.Greater(t, len(pictures), 2, "a page has one")
	page := write(t, pictures)

	drawn := html.UnescapeString(string(browse(t, page, "--dump-dom")))
	assert.Equal(t, len(pictures), strings.Count(drawn, "<svg "), "%s", drawn)
	assert.NotContains(t, drawn, "Syntax error")
	nodes := len(mermaidNode.FindAllString(strings.Join(pictures, ""), -1))
	assert.Equal(t, nodes, strings.Count(drawn, `class="node default`))
	for _, text := range hostile {
		assert.GreaterOrEqual(t, strings.Count(drawn, text), 3, "%s is on two nodes and on an edge", text)
	}

	file := filepath.Join(t.TempDir(), "screenshot.png")
	browse(t, page, "--screenshot="+file)
	assert.Greater(t, painted(t, file), 10_000, "pixels of the colour that mermaid gives to nodes")
}

// shown are the pictures in the pages of docs.
func shown(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	var found []string
	for _, page := range pages {
		blocks, err := commands.Blocks(os.DirFS("../../docs"), filepath.Base(page))
		require.NoError(t, err)
		for _, b := range blocks {
			if b.Language == "mermaid" {
				found = append(found, b.Text)
			}
		}
	}
	return found
}

// write makes a page with pictures, which mermaid draws as strictly as GitHub has it do.
func write(t *testing.T, pictures []string) string {
	t.Helper()
	dir := t.TempDir()
	var page bytes.Buffer
	page.WriteString("<!doctype html><meta charset=utf-8><body>\n")
	for _, text := range pictures {
		page.WriteString("<pre class=mermaid>" + html.EscapeString(text) + "</pre>\n")
	}
	page.WriteString(`<script src="mermaid.js"></script>
<script>mermaid.initialize({startOnLoad: false, securityLevel: "strict"}); mermaid.run().catch(e => document.body.textContent = e.message)</script>`)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mermaid.js"), mermaid(t), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "page.html"), page.Bytes(), 0o600))
	return filepath.Join(dir, "page.html")
}

// browse has Chromium do one thing with a page when its scripts are at their end.
func browse(t *testing.T, page, what string) []byte {
	t.Helper()
	// Nobody else wrote the page, and root has no sandbox.
	chromium := exec.CommandContext(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--user-data-dir="+t.TempDir(), "--window-size=1000,1600", "--virtual-time-budget=60000", what, "file://"+page)
	var words bytes.Buffer
	chromium.Stderr = &words
	out, err := chromium.Output()
	require.NoError(t, err, "%s", words.String())
	return out
}

// painted is how many pixels have the colour of mermaid's nodes, #ECECFF.
func painted(t *testing.T, file string) int {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	picture, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	found, size := 0, picture.Bounds()
	for x := size.Min.X; x < size.Max.X; x++ {
		for y := size.Min.Y; y < size.Max.Y; y++ {
			if r, g, b, _ := picture.At(x, y).RGBA(); r>>8 == 0xEC && g>>8 == 0xEC && b>>8 == 0xFF {
				found++
			}
		}
	}
	return found
}

// TestDot draws with graphviz.
func TestDot(t *testing.T) {
	require.NoError(t, debian.Ensure("dot", "graphviz"))
	text, err := os.ReadFile(golden + "dot")
	require.NoError(t, err)
	for name, text := range map[string][]byte{"platform": text, "hostile": hostileGraph().Print(graph.Dot)} {
		dot := exec.CommandContext(t.Context(), "dot", "-Tsvg")
		dot.Stdin = bytes.NewReader(text)
		svg, err := dot.Output()
		require.NoError(t, err, name)
		assert.Equal(t, len(dotNode.FindAll(text, -1)), bytes.Count(svg, []byte(`class="node"`)), name)
		if name == "hostile" {
			drawn := strings.ReplaceAll(html.UnescapeString(string(svg)), "\u00a0", " ")
			for _, text := range hostile {
				assert.GreaterOrEqual(t, strings.Count(drawn, text), 3, text)
			}
		}
	}
}
