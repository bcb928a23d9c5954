// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

const noTabs = "a tab cannot indent YAML; use spaces"

// advice replaces the words of the YAML parser by what to do. If opens is set, the finding
// shows where the unfinished text begins.
var advice = map[string]struct {
	message string
	opens   bool
}{
	"found a tab character that violates indentation":        {message: noTabs},
	"mapping values are not allowed in this context":         {message: `a ": " that begins no value; check the indentation, or put the text in quotes`},
	"did not find expected <document start>":                 {message: "text after the end of the document; separate documents with a --- line"},
	"did not find expected '-' indicator":                    {message: `expected another "- " of the list; check the indentation`},
	"did not find expected key":                              {message: "expected a key; check the indentation, or put the value before it in quotes"},
	"could not find expected ':'":                            {message: `expected "key: value", but there is no ": " here`, opens: true},
	"block sequence entries are not allowed in this context": {message: `a list cannot begin here; write "- " on a line of its own below the key`},
	"found unknown escape character":                         {message: `unknown escape in double quotes; write \\ for a backslash, or use single quotes`},
	"found unexpected end of stream":                         {message: "the quote that opens here is never closed", opens: true},
	"did not find expected node content":                     {message: "expected a value, or the bracket that closes the list or mapping"},
	"did not find expected ',' or ']'":                       {message: "the list that opens here is not closed; a comma or ] is missing", opens: true},
	"did not find expected ',' or '}'":                       {message: "the mapping that opens here is not closed; a comma or } is missing", opens: true},
}

// explainSyntax puts an error of the YAML parser in words for people.
func explainSyntax(c chunk, err *yaml.LoadError) (diag.Code, yaml.Mark, string) {
	mark := err.Mark
	if strings.Contains(err.Message, errTooDeep.Error()) {
		return diag.TooDeep, mark, errTooDeep.Error()
	}
	if name, ok := between(err.Message, "unknown anchor '", "' referenced"); ok {
		return diag.BadYAML, mark, fmt.Sprintf("no anchor &%s is written before the alias *%s; if it is text, put it in quotes", name, name)
	}
	if err.Message == "found character that cannot start any token" {
		return diag.BadYAML, mark, cannotBegin(c, mark)
	}
	if a, ok := advice[err.Message]; ok {
		if a.opens && err.ContextMark.Line > 0 {
			mark = err.ContextMark
		}
		return diag.BadYAML, mark, a.message
	}
	message := strings.TrimPrefix(err.Message, "yaml: ")
	if err.ContextMsg != "" {
		message += " " + err.ContextMsg
	}
	return diag.BadYAML, mark, message
}

// cannotBegin looks at the character that begins nothing in YAML.
func cannotBegin(c chunk, mark yaml.Mark) string {
	line := lineOf(c.text, mark.Line)
	for range mark.Column - 1 {
		_, size := utf8.DecodeRune(line)
		line = line[size:]
	}
	if indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]; bytes.IndexByte(indent, '\t') >= 0 {
		return noTabs
	}
	r, _ := utf8.DecodeRune(line)
	return fmt.Sprintf("a value cannot begin with %q; put it in quotes", r)
}

func lineOf(text []byte, n int) []byte {
	for ; n > 1; n-- {
		text = text[lineEnd(text, 0):]
	}
	return text[:lineEnd(text, 0)]
}

func between(s, prefix, suffix string) (string, bool) {
	s, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, suffix)
}
