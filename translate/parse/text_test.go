// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// TestRefused is one file a row, and its only finding.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"UTF-16", "\xff\xfea\x00:\x00", `1:1 KC101 the file is UTF-16; save it as UTF-8`},
		{"UTF-32", "\x00\x00\xfe\xff", `1:1 KC101 the file is UTF-32; save it as UTF-8`},
		{"not UTF-8", "a: b\nc: \xe9\n", `2:4 KC101 the bytes here are not UTF-8; save the file as UTF-8`},
		{"NUL", "a: b\n\x00", `2:1 KC101 a NUL byte; this is a binary file or not UTF-8`},
		{"a control character", "é: \x1b[0m", `1:4 KC101 a control character (U+001B); remove it or write it as an escape in double quotes`},
		{"a byte order mark in between", "a: b\n---\n\ufeffc: d", `3:1 KC101 a byte order mark in the middle of the file; remove it`},
		{"an old line break", "a: b\rc: d", `1:5 KC101 a line break other than LF or CRLF (U+000D); remove it or write it as an escape in double quotes`},

		{"a tab", "a:\n\tb: c", `2:1 KC103 a tab cannot indent YAML; use spaces`},
		{"a tab after spaces", "a:\n  b: c\n  \td: e", `3:3 KC103 a tab cannot indent YAML; use spaces`},
		{"a second colon", "a: b: c", `1:5 KC103 a ": " that begins no value; check the indentation, or put the text in quotes`},
		{"an open list", "a: b\nc: [d\ne: f", `2:4 KC103 the list that opens here is not closed; a comma or ] is missing`},
		{"an open mapping", "a: {b: c,\n", `2:1 KC103 expected a value, or the bracket that closes the list or mapping`},
		{"an open quote", "a: b\nc: 'd\n", `2:4 KC103 the quote that opens here is never closed`},
		{"no colon", "a: b\nc\n", `2:1 KC103 expected "key: value", but there is no ": " here`},
		{"text after the end", "{a: b}\nc: d", `2:1 KC103 text after the end of the document; separate documents with a --- line`},
		{"text beside the separator", "a: b\n--- c: d\ne: f\n", `2:4 KC103 text on the line of a document separator; begin the document on the next line`},
		{"text beside the end", "a: b\n... c: d\n", `2:4 KC103 text on the line of a document separator; begin the document on the next line`},
		{"an at sign", "a: @b", `1:4 KC103 a value cannot begin with '@'; put it in quotes`},
		{"a percent sign", "é: %b", `1:4 KC103 a value cannot begin with '%'; put it in quotes`},
		{"a dedented key", "a:\n  - b\n c: d", `3:2 KC103 expected a key; check the indentation, or put the value before it in quotes`},
		{"an unknown anchor", "a: *b", `1:4 KC103 no anchor &b is written before the alias *b; if it is text, put it in quotes`},
		{"an anchor with a colon", "a: &b:c d", `1:4 KC103 kubectl does not read the anchor &b:c; use letters, digits, - and _ alone`},
		{"an anchor with a colon at a key", "&b:c a: d", `1:1 KC103 kubectl does not read the anchor &b:c; use letters, digits, - and _ alone`},
		{"a bad escape", `a: "\q"`, `1:5 KC103 unknown escape in double quotes; write \\ for a backslash, or use single quotes`},
		{"a template", "a: {{ .Values.x }}", `1:5 KC103 a mapping cannot be a key; if {{ begins a template, render it first or put it in quotes`},
		{"a list as key", "? [a]\n: b", `1:3 KC103 a list or a mapping cannot be a key; write a string`},
		{"a null key", "~: b", `1:1 KC103 the key "~" is not a string; put it in quotes`},
		{"infinity", "a: .inf", `1:4 KC103 .inf has no meaning in JSON; put it in quotes`},
		{"binary", "a: !!binary aGk=", `1:4 KC103 !!binary has no meaning to Kubernetes; write the base64 text without the tag`},
		{"a tag that does not fit", "a: !!int b", `1:4 KC103 !!int "b" has no meaning in JSON; put it in quotes`},
		{"a list as document", "- a\n- b\n", `1:1 KC103 found a list; a Kubernetes document is a mapping that begins with apiVersion and kind`},
		{"a text as document", "a\n", `1:1 KC103 found the string "a"; a Kubernetes document is a mapping that begins with apiVersion and kind`},
		{"a merge of text", "a: b\n<<: c", `2:5 KC103 << can only merge mappings`},

		{"an alias to itself", "a: &x\n  b: *x", `2:6 KC104 the alias *x is inside the value it stands for`},
		{"deep flow", "a: " + strings.Repeat("[", 300), `1:204 KC104 nested more than 200 levels deep`},
		{"deep blocks", strings.Repeat("- ", 300), `1:401 KC104 nested more than 200 levels deep`},
		{"deep JSON", `{"a":` + strings.Repeat("[", 300), `1:206 KC104 nested more than 200 levels deep`},
		{"deep by aliases", deepByAliases(), `35:18 KC104 with the alias *a33 the document is nested more than 200 levels deep`},

		{"a bad JSON value", "{\"a\": 1,\n \"b\": x}", `2:7 KC103 bad JSON: invalid character 'x' looking for beginning of value`},
		{"a comma too many", "{\"a\": 1,\n}", `2:1 KC103 bad JSON: invalid character '}' looking for beginning of object key string`},
		{"an open JSON value", "{\"a\": [1,\n2", `1:1 KC103 the JSON value that begins here is never closed`},
		{"a large JSON number", `{"a": 1e999}`, `1:7 KC103 the number 1e999 is too large`},
		{"a JSON list", `["a"]`, `1:1 KC103 found a list; a Kubernetes document is a mapping that begins with apiVersion and kind`},
		{"text in a List", "kind: List\nitems:\n- a", `3:3 KC103 found the string "a" in a list of objects; remove it`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diags := Documents(File{Name: "in.yaml", Data: []byte(c.in)})
			assert.Equal(t, c.want, strings.TrimSpace(lines(diags)))
		})
	}
}

// TestManyIndicators reads documents with as many commas, colons and brackets as one may have.
func TestManyIndicators(t *testing.T) {
	for name, in := range map[string]string{
		"text":             "a: |\n  " + strings.Repeat("[,:]", maxIndicators/4-1) + "\nb: [c]\n",
		"a comment":        "a: b # " + strings.Repeat("[,:]", maxIndicators/4-1) + "\n",
		"many collections": "a:\n" + strings.Repeat("- {a: [b, c], d: e}\n", 50_000),
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := Documents(File{Name: "in.yaml", Data: []byte(in)})
			assert.False(t, diags.HasErrors(), "%v", diags)
		})
	}
	_, diags := Documents(File{Name: "in.yaml", Data: []byte("a: b\n---\n[" + strings.Repeat("b, ", maxIndicators) + "]: c")})
	assert.Equal(t, "3:1 KC104 more than 500000 commas, colons and brackets in one document; split it, or write it as JSON\n", lines(diags))
}

// TestBounded reads files that are made to do harm. The time limit of the test bounds them.
func TestBounded(t *testing.T) {
	times := strings.Repeat
	for _, c := range []struct {
		name, in string
		code     diag.Code
	}{
		{"10 MB of YAML", "a: b\n" + times("c: d\n", 2_000_000), diag.TooLarge},
		{"10 MB of JSON", `{"a": [` + times(`"b",`, 2_500_000) + `"c"]}`, diag.TooLarge},
		{"a doubling of aliases", doubling("[*a%d, *a%d]"), diag.TooLarge},
		{"a doubling of merges", doubling("{x: *a%d, y: *a%d}"), diag.TooLarge},
		{"many merges", "a: &a {" + times("k%d: v, ", 1) + manyKeys(2000) + "}\nb:\n" + times("- <<: *a\n", 2000), diag.TooDeep},
		{"a long text many times", "a: &a " + times("x", 1<<20) + "\nb: [*a, *a, *a, *a]\n", diag.TooLarge},
		{"a text that grows in JSON", "a: " + times("<", 1<<20), diag.TooLarge},
		{"many entries in flow", "a: {" + times("b: c,\n", 400_000) + "}", diag.TooDeep},
		{"many duplicates", times("k: v\n", 500_000), diag.DuplicateKey},
		{"many documents", times("---\na: b\n", 100_000), diag.TooLarge},
		{"many JSON documents", times("{}", 1_000_000), diag.TooLarge},
		{"many bad JSON documents", "{}" + times(" 1", 100_000), diag.BadYAML},
		{"many items", `{"kind": "List", "items": [` + times("{},", 500_000) + `{}]}`, diag.TooLarge},
		{"many bad items", `{"kind": "List", "items": [` + times("1,", 500_000) + `{}]}`, diag.BadYAML},
		{"many bad separators", times("--- a\n", 500_000), diag.BadYAML},
		{"many bad documents", times("---\na: @\n", 5_000), diag.BadYAML},
		{"nothing but indents", "a:\n" + times(" ", 3_000_000) + "@", diag.BadYAML},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, diags := Documents(File{Name: "in.yaml", Data: []byte(c.in)})
			require.NotEmpty(t, diags)
			assert.LessOrEqual(t, len(docs), maxDocuments)
			assert.LessOrEqual(t, len(diags), maxDocuments+1)
			assert.Equal(t, c.code, diags[0].Code, diags[0].Message)
		})
	}
}

func doubling(shape string) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [xxxxxxxxxxxxxxxx]\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&b, "a%d: &a%d "+shape+"\n", i, i, i-1, i-1)
	}
	return b.String()
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: v, ", i)
	}
	return b.String()
}

func deepByAliases() string {
	var b strings.Builder
	b.WriteString("a0: &a0 {}\n")
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [[[[[[ *a%d ]]]]]]\n", i, i, i-1)
	}
	return b.String()
}

// lines prints findings as line:col code message.
func lines(l diag.List) string {
	var b strings.Builder
	for _, d := range l {
		fmt.Fprintf(&b, "%d:%d %s %s\n", d.Pos.Line, d.Pos.Col, d.Code, d.Message)
	}
	return b.String()
}
