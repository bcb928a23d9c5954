// SPDX-License-Identifier: Apache-2.0

package backends_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

func TestCoverageHasARowForEveryField(t *testing.T) {
	used := map[string]bool{}
	for _, l := range pipelineLeaves() {
		row, ok := rowOf(l.path)
		if assert.True(t, ok, "no row covers %s", l.path) {
			used[row.Field] = true
		}
	}
	for _, row := range backends.Coverage() {
		assert.True(t, used[row.Field], "the row %s covers nothing", row.Field)
		assert.Len(t, row.Answers, len(backends.Columns()), row.Field)
		for _, column := range backends.Columns() {
			answer := row.Answers[column.Name]
			assert.NotEmpty(t, answer.Target, "%s has no answer for %s", column.Name, row.Field)
			if answer.Fate != backends.Translated {
				info, known := diag.Lookup(diag.Code(answer.Target))
				assert.True(t, known, "%s: %s is no code", row.Field, answer.Target)
				assert.Equal(t, answer.Fate == backends.Rejected, info.Severity == diag.Error, "%s: %s", row.Field, answer.Target)
			}
		}
	}
}

// TestNoFieldIsLost sets every field there is and demands that somebody minds: either the output
// differs, or a finding names the field. If a whole structure has one finding, that answers for
// all of its fields.
func TestNoFieldIsLost(t *testing.T) {
	for _, column := range backends.Columns() {
		for _, l := range pipelineLeaves() {
			t.Run(column.Name+"/"+l.path, func(t *testing.T) {
				t.Parallel()
				row, ok := rowOf(l.path)
				require.True(t, ok)
				answer := row.Answers[column.Name]
				with, others := compileVariants(t, l, column.Name)
				before := others[0]
				if answer.Fate != backends.Translated {
					before = others[len(others)-1]
				}
				news := with.newsAt(l.path, before)
				assert.True(t, len(news) > 0 || with.differs(others),
					"setting %s changes no output and is answered by no finding", l.path)
				checkFate(t, l, with, news, answer)
			})
		}
	}
}

// checkFate holds the compiler to the table.
func checkFate(t *testing.T, l leaf, with outcome, news diag.List, answer backends.Answer) {
	t.Helper()
	var codes []string
	for _, d := range news {
		codes = append(codes, string(d.Code))
	}
	switch {
	case answer.Fate != backends.Translated:
		assert.Contains(t, codes, answer.Target)
	case answer.Target == "checked":
		assert.NotEmpty(t, codes)
	default:
		assert.False(t, with.diags.HasErrors(), "%v", with.diags)
		if text, ok := l.value(0).(string); ok {
			assert.True(t, with.shows(l.path, text), "the value does not arrive in\n%s", with.output)
		}
	}
}

// compileVariants compiles a Pipeline with the field, and without it in all
// ways that are valid: nothing of it, what it is in but not itself, the field
// with another value, and, as the last one, nothing at all.
func compileVariants(t *testing.T, l leaf, column string) (with outcome, others []outcome) {
	t.Helper()
	for _, pipeline := range []map[string]any{pipelineFor(l), pipelineWith(l, nil), pipelineWith(l, l.value(1)), minimum()} {
		if o := compilePipeline(t, pipeline, column); !o.diags.HasErrors() {
			others = append(others, o)
		}
	}
	require.NotEmpty(t, others, "no valid Pipeline is without this %s", l.path)
	return compilePipeline(t, pipelineWith(l, l.value(0)), column), others
}

// rowOf is the row with the longest field that the path is in.
func rowOf(path string) (backends.Row, bool) {
	var best backends.Row
	for _, row := range backends.Coverage() {
		if within(path, row.Field) && len(row.Field) > len(best.Field) {
			best = row
		}
	}
	return best, best.Field != ""
}

// within tells whether a path is a field or below it.
func within(path, field string) bool {
	rest, ok := strings.CutPrefix(path, field)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], ".["))
}

// leaf is a field that has no fields of its own, as spec.volumes[].name.
type leaf struct {
	path string
	typ  reflect.Type
}

// pipelineLeaves are all that the types of the API let a user write.
func pipelineLeaves() []leaf {
	return leaves(reflect.TypeFor[v1alpha1.Pipeline](), "")
}

var marshaler = reflect.TypeFor[interface{ MarshalJSON() ([]byte, error) }]()

func leaves(t reflect.Type, path string) []leaf {
	switch {
	case t.Kind() == reflect.Pointer:
		return leaves(t.Elem(), path)
	case reflect.PointerTo(t).Implements(marshaler):
		return []leaf{{path, t}}
	case t.Kind() == reflect.Slice:
		return leaves(t.Elem(), path+"[]")
	case t.Kind() != reflect.Struct:
		return []leaf{{path, t}}
	}
	var out []leaf
	for field := range t.Fields() {
		key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case key == "-":
		case key == "" && options == "inline":
			out = append(out, leaves(field.Type, path)...)
		case key == "":
			panic(fmt.Sprintf("%s.%s has no JSON key", t, field.Name))
		default:
			out = append(out, leaves(field.Type, strings.TrimPrefix(path+"."+key, "."))...)
		}
	}
	return out
}
