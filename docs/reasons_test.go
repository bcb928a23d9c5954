// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// TestReasons demands a row of docs/troubleshooting.md for every reason, and no other rows.
func TestReasons(t *testing.T) {
	given := reasonsOf(t, "../internal/runner/progress", "../internal/runner/controller", "../internal/stores/placing", "../internal/stores/dispatch", "../backends/state")
	var told []string
	for _, row := range rowsBelow(t, "troubleshooting.md", "reason") {
		told = append(told, strings.Trim(row[0], "`"))
	}
	slices.Sort(told)
	assert.Equal(t, slices.Compact(told), given, "the page on the left, the code on the right")
}

// TestTroubledCodes demands that every code is once in the table of symptoms.
func TestTroubledCodes(t *testing.T) {
	var told, given []string
	for _, row := range rowsBelow(t, "troubleshooting.md", "symptom") {
		told = append(told, strings.Fields(row[1])...)
	}
	for _, info := range diag.Codes() {
		given = append(given, string(info.Code))
	}
	assert.ElementsMatch(t, given, told)
}

// rowsBelow are the rows of all tables of a page whose first column has this title.
func rowsBelow(t *testing.T, page, title string) [][]string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	var rows [][]string
	in := false
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "|") {
			in = false
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case cells[0] == title:
			in = true
		case in && !strings.HasPrefix(cells[0], "---"):
			rows = append(rows, cells)
		}
	}
	require.NotEmpty(t, rows, "tables of %s that begin with %q", page, title)
	return rows
}

// reasons finds what a package gives out as reasons of conditions, events and failures:
// every value of a field, a variable or a parameter called reason, and the constants of
// reasonTypes. An expression that it cannot follow fails the test.
type reasons struct {
	t     *testing.T
	files *token.FileSet
	// constants are values by name. fields has the index of the field reason in each struct,
	// parameters that of the parameter reason in each function.
	constants          map[string]string
	fields, parameters map[string]int
	found              map[string]bool
}

// reasonTypes are types whose constants are reasons.
var reasonTypes = []string{"Reason", "Availability"}

// reasonsOf are the reasons of some packages. Types of these packages are found by their bare names.
func reasonsOf(t *testing.T, folders ...string) []string {
	t.Helper()
	r := &reasons{
		t: t, files: token.NewFileSet(), found: map[string]bool{},
		constants: map[string]string{}, fields: map[string]int{}, parameters: map[string]int{},
	}
	var sources []*ast.File
	for _, folder := range folders {
		sources = append(sources, r.read(folder)...)
	}
	for _, source := range sources {
		ast.Inspect(source, r.declare)
	}
	for _, source := range sources {
		ast.Inspect(source, r.collect)
	}
	require.Greater(t, len(r.found), 10, "reasons that were found")
	return slices.Sorted(maps.Keys(r.found))
}

func (r *reasons) read(folder string) []*ast.File {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(r.t, err)
	var sources []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(r.files, path, nil, parser.SkipObjectResolution)
		require.NoError(r.t, err)
		sources = append(sources, source)
	}
	require.NotEmpty(r.t, sources, folder)
	return sources
}

// declare notes constants, structs and functions.
func (r *reasons) declare(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if i >= len(n.Values) {
				continue
			}
			if value, ok := literal(n.Values[i]); ok {
				r.constants[name.Name] = value
				if slices.Contains(reasonTypes, lastName(n.Type)) {
					r.found[value] = true
				}
			}
		}
	case *ast.TypeSpec:
		if s, ok := n.Type.(*ast.StructType); ok {
			note(r.fields, n.Name.Name, s.Fields)
		}
	case *ast.FuncDecl:
		note(r.parameters, n.Name.Name, n.Type.Params)
	}
	return true
}

func note(positions map[string]int, of string, list *ast.FieldList) {
	i := 0
	for _, field := range list.List {
		for _, name := range field.Names {
			if strings.EqualFold(name.Name, "reason") {
				positions[of] = i
			}
			i++
		}
	}
}

// collect finds the expressions that are used as a reason.
func (r *reasons) collect(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CompositeLit:
		r.composite(n, lastName(n.Type))
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if strings.EqualFold(lastName(left), "reason") && len(n.Rhs) == len(n.Lhs) {
				r.follow(n.Rhs[i])
			}
		}
	case *ast.CallExpr:
		if at, ok := r.parameters[lastName(n.Fun)]; ok && at < len(n.Args) {
			r.follow(n.Args[at])
		}
	}
	return true
}

func (r *reasons) composite(c *ast.CompositeLit, of string) {
	at, known := r.fields[of]
	for i, element := range c.Elts {
		switch e := element.(type) {
		case *ast.KeyValueExpr:
			if strings.EqualFold(lastName(e.Key), "reason") {
				r.follow(e.Value)
			}
		case *ast.CompositeLit:
			if list, ok := c.Type.(*ast.ArrayType); ok && e.Type == nil {
				r.composite(e, lastName(list.Elt))
			}
		default:
			if known && i == at {
				r.follow(e)
			}
		}
	}
}

// follow finds the text of an expression. It skips one that only passes a reason on.
func (r *reasons) follow(e ast.Expr) {
	if value, ok := literal(e); ok {
		if value != "" {
			r.found[value] = true
		}
		return
	}
	if value, ok := r.constants[lastName(e)]; ok {
		r.found[value] = true
		return
	}
	if c, ok := e.(*ast.CallExpr); ok && lastName(c.Fun) == "Reason" {
		r.follow(c.Args[0]) // it is only given the type
		return
	}
	if c, ok := e.(*ast.CallExpr); ok && slices.Contains([]string{"string", "text"}, lastName(c.Fun)) {
		return // it is of one of the types, or was read from a status
	}
	if _, ok := e.(*ast.IndexExpr); ok {
		return // as in a map of reasons, which is of one of the types
	}
	require.True(r.t, strings.EqualFold(lastName(e), "reason"),
		"%s: a reason that this test cannot follow: make it a constant, or call it reason", r.files.Position(e.Pos()))
}

// lastName is the last word of a name: Reason of status.Reason.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.StarExpr:
		return lastName(e.X)
	default:
		return ""
	}
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	value, err := strconv.Unquote(l.Value)
	return value, err == nil
}
