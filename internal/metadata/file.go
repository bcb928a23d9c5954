// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// file is a metadata file, with what was found in it.
type file struct {
	name string
	// doc is nil when there is nothing to be read, or no way to read it.
	doc      *parse.Document
	problems Problems
	warnings Problems
}

func open(name string, data []byte) *file {
	f := &file{name: name}
	if len(data) > MaxBytes {
		f.problems.add(name, place{}, RuleSize, "the file has %d bytes, and no object can hold more than %d; write less into it", len(data), MaxBytes)
		return f
	}
	if n := indicators(data); n > maxIndicators {
		f.problems.add(name, place{}, RuleSize, "the file has %d commas, colons and brackets, and may have %d; write less into it", n, maxIndicators)
		return f
	}
	docs, found := parse.Values(parse.File{Name: name, Data: data})
	f.adopt(found)
	if len(docs) == 0 || len(f.problems) > 0 || string(docs[0].JSON()) == "null" {
		return f
	}
	if len(docs[0].JSON()) > MaxBytes {
		f.problems.add(name, place{}, RuleSize, "the file has more than %d bytes as JSON, with its aliases written out; write less into it", MaxBytes)
		return f
	}
	if len(docs) > 1 {
		f.warn(docs[1].Root(), RuleOneDocument, "only the first document of the file is read; merge the others into it or remove them")
	}
	f.doc = docs[0]
	return f
}

// maxIndicators bounds the memory that it takes to read a file: YAML in brackets can take a kilobyte
// for each comma, and so a file of 1 MiB takes half a gigabyte.
const maxIndicators = 100_000

func indicators(data []byte) (n int) {
	for _, indicator := range ",:[]{}" {
		n += bytes.Count(data, []byte(string(indicator)))
	}
	return n
}

// adopt turns findings into problems and warnings. A key that is written twice is only a
// warning, and the last one counts, as with Kratix: a container that is restarted may have
// appended to its file.
func (f *file) adopt(found diag.List) {
	for _, d := range found {
		at := place{d.Pos.Line, d.Pos.Col}
		if isError(d) && d.Code != diag.DuplicateKey {
			f.problems.add(f.name, at, ruleOf(d.Code), "%s", d.Message)
		} else {
			f.warnings.add(f.name, at, ruleOf(d.Code), "%s", d.Message)
		}
	}
}

func (f *file) root() diag.At { return f.doc.Root() }

func (f *file) fail(at diag.At, rule Rule, format string, args ...any) {
	pos := at.Pos()
	f.problems.add(f.name, place{pos.Line, pos.Col}, rule, format, args...)
}

func (f *file) warn(at diag.At, rule Rule, format string, args ...any) {
	pos := at.Pos()
	f.warnings.add(f.name, place{pos.Line, pos.Col}, rule, format, args...)
}

// decode fills a value by Kratix's rules: keys may be in any case, and an unknown key is a
// warning. It is false if the value cannot be used.
func (f *file) decode(at diag.At, into any) bool {
	found := f.doc.DecodeLoose(at.Path, into)
	if err := json.Unmarshal(f.doc.Raw(at.Path), into); err != nil {
		f.explain(at, found, err)
		return false
	}
	f.adopt(slices.DeleteFunc(found, isError))
	return true
}

// explain says why decoding failed, in the words of the findings if it can.
func (f *file) explain(at diag.At, found diag.List, err error) {
	f.adopt(found)
	if !found.HasErrors() { // the findings do not cover what is below a key in another case
		f.fail(at, RuleType, "cannot be read: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

func isError(d diag.Diagnostic) bool { return d.Severity == diag.Error }

// text is a string that needs no quotes around a number or a boolean.
type text string

// UnmarshalJSON takes any scalar.
func (t *text) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case 'n': // null
		return nil
	case '"', '{', '[': // the latter two fail
		return json.Unmarshal(data, (*string)(t))
	default:
		*t = text(data)
		return nil
	}
}
