// SPDX-License-Identifier: Apache-2.0

package backends_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/gen/diagtest"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// company are the codes that never come alone.
var company = map[diag.Code]diag.Code{
	diag.ArgsOnly: diag.CommandMissing, // args matter only where the command is missing
}

func TestExamplesReportTheirCodeAlone(t *testing.T) {
	for _, info := range diag.Codes() {
		if info.Code == diag.Bug {
			continue
		}
		t.Run(string(info.Code), func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, info.Example)
			found := map[diag.Code]bool{}
			for _, d := range diagtest.Compile(info).Diags {
				found[d.Code] = true
				assert.GreaterOrEqual(t, d.Pos.Line, 0, "the finding is outside of what is shown")
				if d.Severity > diag.Note && d.Code != company[info.Code] {
					assert.Equal(t, info.Code, d.Code, "%s: %s", d.Pos, d.Message)
				}
			}
			assert.True(t, found[info.Code], "the example does not report its code")
		})
	}
}

func TestEveryCodeIsExplained(t *testing.T) {
	var documented []diag.Code
	for _, info := range diag.Codes() {
		documented = append(documented, info.Code)
		assert.NotEmpty(t, info.Title, info.Code)
		assert.False(t, strings.HasSuffix(info.Title, "."), "%s: the title ends in a full stop", info.Code)
		assert.True(t, startsLow(info.Title), "%s: the title begins with a capital", info.Code)
		assert.NotEmpty(t, info.Prose, info.Code)
		assert.Equal(t, strings.TrimSpace(info.Prose), info.Prose, info.Code)
		assert.Equal(t, strings.TrimSpace(info.Example), info.Example, info.Code)
	}
	assert.Equal(t, declaredCodes(t), documented, "codes.go and the documents have the same codes")
	assert.True(t, slices.IsSorted(documented), "Codes is in numeric order")
}

// startsLow allows names, such as those of the engines.
func startsLow(title string) bool {
	first, _, _ := strings.Cut(title, " ")
	return slices.Contains([]string{"Tekton", "Argo", "YAML"}, first) || unicode.IsLower(rune(first[0]))
}

// declaredCodes are the constants of type Code in codes.go.
func declaredCodes(t *testing.T) []diag.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../translate/diag/codes.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var codes []diag.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, isName := spec.Type.(*ast.Ident); isName && name.Name == "Code" {
			code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			codes = append(codes, diag.Code(code))
		}
		return true
	})
	return codes
}
