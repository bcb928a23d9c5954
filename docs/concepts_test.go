// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// TestConcepts writes what an example compiles to into the page about concepts.
func TestConcepts(t *testing.T) {
	const page, begin, end = "concepts.md", "<!-- objects: written by `go test ./docs -update` -->\n\n", "\n<!-- end -->"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, found := bytes.Cut(text, []byte(begin))
	require.True(t, found)
	_, after, found := bytes.Cut(rest, []byte(end))
	require.True(t, found)
	want := bytes.Join([][]byte{before, []byte(begin), compiled(t), []byte(end), after}, nil)
	if *update {
		require.NoError(t, os.WriteFile(page, want, 0o644))
		text = want
	}
	assert.Equal(t, string(want), string(text), "%s is out of date; run `make generate`", page)
}

// compiled is a table of the objects of one Pipeline on each engine.
func compiled(t *testing.T) []byte {
	t.Helper()
	var files []parse.File
	for _, name := range []string{"promise.yaml", "request.yaml"} {
		data, err := os.ReadFile("../examples/website/" + name)
		require.NoError(t, err)
		files = append(files, parse.File{Name: name, Data: data})
	}
	opts := translate.Options{Plan: plan.Defaults(), Backends: backends.New(backends.Names(), backends.Defaults())}
	opts.Plan.Pipeline = "render"
	outputs, diags := translate.Compile(translate.Input{Files: files}, opts)
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
