// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

func TestDocuments(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string // the JSON of every document
	}{
		{"nothing", "", nil},
		{"comments", "# a\n---\n\n# b\n", nil},
		{"one", "a: b", []string{`{"a":"b"}`}},
		{"separators", "---\na: b\n--- # comment\nc: d\n...\ne: f\n---\n", []string{`{"a":"b"}`, `{"c":"d"}`, `{"e":"f"}`}},
		{"ends", "a: b\n... # comment\nc: d\n...\t\n...e: f\n... ", []string{`{"a":"b"}`, `{"c":"d"}`, `{"...e":"f"}`}},
		{"a mark and Windows", "\ufeffa: |\r\n  b\r\n  c\r\n---\r\nd: e\r\n", []string{`{"a":"b\nc\n"}`, `{"d":"e"}`}},
		{"sorted and escaped", "b: <é>\na: \"\\t\\u2028\"\n", []string{`{"a":"\t\u2028","b":"\u003cé\u003e"}`}},
		{"a key with three dashes", "a: |\n  ---\n  b\n", []string{`{"a":"---\nb\n"}`}},
		{
			"JSON values", "{\"b\": 1.0, \"a\": [-0, 1e2, 9223372036854775808, true, null, \"\\ud83d\\ude00\"]}\t{\"c\": {}}\n{}",
			[]string{`{"a":[0,100,9223372036854776000,true,null,"😀"],"b":1}`, `{"c":{}}`, `{}`},
		},
		{"JSON, then YAML", "{\"a\": 1}\n---\n{a: 2}\n---\na: 3\n", []string{`{"a":1}`, `{"a":2}`, `{"a":3}`}},
		{
			"a List", "kind: List\nitems:\n- kind: A\n- kind: B\n  items: [c]\n- kind: BList\n  items: [{kind: C}]\n",
			[]string{`{"kind":"A"}`, `{"items":["c"],"kind":"B"}`, `{"kind":"C"}`},
		},
		{
			"merges", "a: &a {v: 1, w: 2}\nb: &b {w: 3}\nc:\n  <<: [*a, *b]\n  v: 4\nd: {<<: *b}\n",
			[]string{`{"a":{"v":1,"w":2},"b":{"w":3},"c":{"v":4,"w":2},"d":{"w":3}}`},
		},
		{"aliases", "a: &a b\n*a : *a\nc: [*a, &d {e: *a}, *d]\n", []string{`{"a":"b","b":"b","c":["b",{"e":"b"},{"e":"b"}]}`}},
		{"keys", "1: a\n0x10: b\nyes: c\n1.50: d\n!!int 7: e\n", []string{`{"1":"a","1.5":"d","16":"b","7":"e","true":"c"}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, diags := Documents(File{Name: "in.yaml", Data: []byte(c.in)})
			assert.Empty(t, diags)
			var got []string
			for _, d := range docs {
				got = append(got, string(d.JSON()))
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestValues(t *testing.T) {
	for in, want := range map[string][]string{
		"":                              nil,
		"- a: b\n- c\n":                 {`[{"a":"b"},"c"]`},
		"5\n---\n~\n":                   {"5", "null"},
		"kind: List\nitems: [{a: b}]\n": {`{"items":[{"a":"b"}],"kind":"List"}`},
		"[{\"a\":\n\t1}]":               {`[{"a":1}]`},
	} {
		docs, diags := Values(File{Name: "in.yaml", Data: []byte(in)})
		assert.Empty(t, diags)
		var got []string
		for _, d := range docs {
			got = append(got, string(d.JSON()))
		}
		assert.Equal(t, want, got)
	}
	docs, _ := Values(File{Name: "in.yaml", Data: []byte("\n- a\n- b: c\n")})
	require.Len(t, docs, 1)
	assert.Equal(t, diag.Pos{File: "in.yaml", Line: 3, Col: 6}, docs[0].Root().Index(1).Field("b").Pos())
}

// TestOthersGoOn shows that a bad document hides nothing in the others, and
// that their lines count from the beginning of the file.
func TestOthersGoOn(t *testing.T) {
	docs, diags := Documents(File{Name: "in.yaml", Data: []byte("a: @\n---\nkind: A\n---\n\tb: c\n---\n{\"d\": x}\n---\nkind: B\nkind: B\n")})
	require.Len(t, docs, 2)
	assert.Equal(t, 3, docs[0].Locate(diag.Path{{Key: "kind"}}).Line)
	assert.Equal(t, "B", docs[1].Kind(), "a duplicate key is no reason to stop")
	assert.Equal(t, `1:4 KC103 a value cannot begin with '@'; put it in quotes
5:1 KC103 a tab cannot indent YAML; use spaces
7:7 KC103 bad JSON: invalid character 'x' looking for beginning of value
10:1 KC105 "kind" is also on line 9; remove one, or separate two documents with a --- line
`, lines(diags))
}

func TestDuplicateKeys(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a: 1\nb:\n  c: 2\n  c: 3\na: 4\n", `4:3 KC105 "c" is also on line 3; remove one|5:1 KC105 "a" is also on line 1; remove one`},
		{"1: a\n\"1\": b\n", `2:1 KC105 "1" is also on line 1; remove one`},
		{"a: &a {b: 1}\nc:\n  b: 2\n  <<: *a\n", `4:3 KC105 the merge key after "b" on line 3 overrides it; move << to the top of the mapping`},
		{"{\"a\": 1,\n  \"a\": 2}", `2:3 KC105 "a" is also on line 1; remove one`},
	} {
		docs, diags := Documents(File{Data: []byte(c.in)})
		assert.Len(t, docs, 1)
		assert.Equal(t, c.want, strings.ReplaceAll(strings.TrimSpace(lines(diags)), "\n", "|"))
	}
}

func at(line, col int) diag.Pos { return diag.Pos{File: "in.yaml", Line: line, Col: col} }

// path makes steps of keys and indices.
func path(of []any) diag.Path {
	var p diag.Path
	for _, step := range of {
		switch step := step.(type) {
		case int:
			p = append(p, diag.Step{Index: step, List: true})
		case string:
			p = append(p, diag.Step{Key: step})
		}
	}
	return p
}

func TestLocate(t *testing.T) {
	for _, c := range []struct {
		in         string
		path       []any
		value, key diag.Pos
	}{
		{in: "é: ñ", path: []any{"é"}, value: at(1, 4), key: at(1, 1)},
		{in: "a:\n  b: c", path: []any{"a"}, value: at(1, 1), key: at(1, 1)},
		{in: "a:\n  b: c", path: []any{"a", "b"}, value: at(2, 6), key: at(2, 3)},
		{in: "a:\n  b: c", path: []any{"a", "x", "y"}, value: at(1, 1), key: at(1, 1)},
		{in: "# c\na: b", path: nil, value: at(2, 1), key: at(2, 1)},
		{in: "a:\n- b: 1\n  c: 2", path: []any{"a", 0}, value: at(2, 3), key: at(2, 3)},
		{in: "a:\n- b: 1\n  c: 2", path: []any{"a", 0, "x"}, value: at(2, 3), key: at(2, 3)},
		{in: "a:\n- b: 1\n  c: 2", path: []any{"a", 0, "c"}, value: at(3, 6), key: at(3, 3)},
		{in: "a:\n- b: 1\n  c: 2", path: []any{"a", 7}, value: at(1, 1), key: at(1, 1)},
		{in: "a:\n- b: 1\n  c: 2", path: []any{"a", "b"}, value: at(1, 1), key: at(1, 1)},
		{in: "a: [x, yy]", path: []any{"a", 1}, value: at(1, 8), key: at(1, 8)},
		{in: "a: {b: [c]}", path: []any{"a", "b"}, value: at(1, 5), key: at(1, 5)},
		{in: "a:\nb: c", path: []any{"a"}, value: at(1, 1), key: at(1, 1)},
		{in: "a: ~\nb: c", path: []any{"a"}, value: at(1, 4), key: at(1, 1)},
		{in: "a: |\n  b", path: []any{"a"}, value: at(1, 4), key: at(1, 1)},
		{in: "a: &a\n  b: c\nd: *a", path: []any{"d"}, value: at(3, 1), key: at(3, 1)},
		{in: "a: &a\n  b: c\nd: *a", path: []any{"d", "b"}, value: at(2, 6), key: at(2, 3)},
		{in: "a: &a b\nd: *a", path: []any{"d"}, value: at(2, 4), key: at(2, 1)},
		{in: "a: &a\n  b: c\nd:\n  <<: *a", path: []any{"d", "b"}, value: at(2, 6), key: at(2, 3)},
		{in: "x: y\n---\n\n a: b", path: []any{"a"}, value: at(4, 5), key: at(4, 2)},
		{in: "\ufeffa: b\r\nc: d", path: []any{"c"}, value: at(2, 4), key: at(2, 1)},
		{in: "{\n\t\"a\": [\"é\", 1],\n\t\"b\": {\"c\": true}}", path: []any{"a", 1}, value: at(2, 13), key: at(2, 13)},
		{in: "{\n\t\"a\": [\"é\", 1],\n\t\"b\": {\"c\": true}}", path: []any{"b", "c"}, value: at(3, 13), key: at(3, 8)},
		{in: "kind: List\nitems:\n- kind: A\n  b: c\n", path: []any{"b"}, value: at(4, 6), key: at(4, 3)},
	} {
		docs, diags := Documents(File{Name: "in.yaml", Data: []byte(c.in)})
		require.Empty(t, diags, c.in)
		d := docs[len(docs)-1]
		assert.Equal(t, c.value, d.Locate(path(c.path)), "value of %v in %q", c.path, c.in)
		assert.Equal(t, c.key, d.LocateKey(path(c.path)), "key of %v in %q", c.path, c.in)
	}
}

func TestAccessors(t *testing.T) {
	docs, _ := Documents(File{Name: "in.yaml", Data: []byte("apiVersion: v1\nkind: A\nmetadata: {name: b}\nspec: {d: 1, c: [2]}\n---\nkind: 1\nmetadata: []\n")})
	require.Len(t, docs, 2)
	a, b := docs[0], docs[1]
	assert.Equal(t, []string{"v1", "A", "b", "in.yaml"}, []string{a.APIVersion(), a.Kind(), a.Name(), a.File().Name})
	assert.Equal(t, []string{"", "", ""}, []string{b.APIVersion(), b.Kind(), b.Name()})
	assert.Equal(t, `{"c":[2],"d":1}`, string(a.Raw(path([]any{"spec"}))))
	assert.Nil(t, b.Raw(path([]any{"spec"})))
	assert.Equal(t, at(4, 18), a.Root().Field("spec", "c").Index(0).Pos())
}
