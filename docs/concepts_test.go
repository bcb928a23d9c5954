// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/cli/graph"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// TestConcepts writes what an example compiles to, and a picture of it, into the page about
// concepts.
func TestConcepts(t *testing.T) {
	writeBetween(t, "concepts.md", "<!-- picture: written by `go test ./docs -update` -->\n\n", picture(t))
	writeBetween(t, "concepts.md", "<!-- objects: written by `go test ./docs -update` -->\n\n", compiled(t))
}

// writeBetween compares the lines of a page between a comment and the next end with what they
// should be.
func writeBetween(t *testing.T, page, begin string, lines []byte) {
	t.Helper()
	const end = "\n<!-- end -->"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, found := bytes.Cut(text, []byte(begin))
	require.True(t, found)
	_, after, found := bytes.Cut(rest, []byte(end))
	require.True(t, found)
	want := bytes.Join([][]byte{before, []byte(begin), lines, []byte(end), after}, nil)
	if *update {
		require.NoError(t, os.WriteFile(page, want, 0o644))
		text = want
	}
	assert.Equal(t, string(want), string(text), "%s is out of date; run `make generate`", page)
}

// picture is what `kratix-compile graph` prints, in a block that GitHub draws.
func picture(t *testing.T) []byte {
	t.Helper()
	var promises []*parse.PromiseDoc
	loaded, _ := translate.Load(translate.Input{Files: website(t)}).PromisesOnly()
	for _, p := range loaded {
		require.False(t, p.Findings.HasErrors())
		promises = append(promises, p.PromiseDoc)
	}
	require.Len(t, promises, 1)
	return slices.Concat([]byte("```mermaid\n"), graph.Of(promises).Print(graph.Mermaid), []byte("```\n"))
}

// website are the files of the example that the page is about.
func website(t *testing.T) (files []parse.File) {
	t.Helper()
	for _, name := range []string{"promise.yaml", "request.yaml"} {
		data, err := os.ReadFile("../examples/website/" + name)
		require.NoError(t, err)
		files = append(files, parse.File{Name: name, Data: data})
	}
	return files
}

// compiled is a table of the objects of one Pipeline on each engine.
func compiled(t *testing.T) []byte {
	t.Helper()
	opts := translate.Options{Plan: plan.Defaults(), Backends: backends.New(backends.Names(), backends.Defaults())}
	opts.Plan.Pipeline = "render"
	outputs, diags := translate.Compile(translate.Input{Files: website(t)}, opts)
	require.False(t, diags.HasErrors())
	require.Len(t, outputs, len(backends.Names()))
	var table bytes.Buffer
	table.WriteString("| engine | object | name |\n|---|---|---|\n")
	for _, o := range outputs {
		for _, object := range o.Objects {
			fmt.Fprintf(&table, "| %s | %s | `%s` |\n", o.Backend, object.GetKind(), object.GetName())
		}
	}
	return table.Bytes()
}
