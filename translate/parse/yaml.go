// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

const (
	// maxDepth bounds nesting; what the API server reads is far shallower.
	maxDepth = 200
	// maxMerged bounds how many entries merge keys copy, because a small file can have many.
	maxMerged = 100_000
	// maxIndicators bounds the commas, colons and brackets of a document in YAML. Where a list or
	// mapping in brackets may turn out to be a key, the YAML parser needs more than a kilobyte for
	// each of them. JSON is read by another parser.
	maxIndicators = 500_000
	// maxTwice is the number of duplicate keys that are reported of a document.
	maxTwice = 20
)

const anchorCharacters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"

var errTooDeep = fmt.Errorf("nested more than %d levels deep", maxDepth)

// limits makes the YAML parser stop at our depth instead of at its own.
type limits struct{}

func (limits) CheckDepth(depth int, _ *yaml.DepthContext) error {
	if depth > maxDepth {
		return errTooDeep
	}
	return nil
}

func (limits) CheckAlias(int, int) error { return nil }

// builder turns the syntax tree of one document into nodes.
type builder struct {
	reader *reader
	// above is the number of lines before the document.
	above int
	// anchored are the nodes that aliases may share; busy ones are not ready.
	anchored map[*yaml.Node]*node
	busy     map[*yaml.Node]bool
	merged   int
	twice    int
	// broken is set when the document cannot be used at all.
	broken bool
}

// readYAML parses a chunk; false when it is no document.
func (r *reader) readYAML(c chunk) (entry, bool) {
	if indicators(c.text) > maxIndicators {
		r.diags.AddPos(diag.TooDeep, diag.Pos{File: r.file.Name, Line: c.line, Col: 1},
			"more than %d commas, colons and brackets in one document; split it, or write it as JSON", maxIndicators)
		return entry{}, false
	}
	var document yaml.Node
	if err := yaml.Load(c.text, &document, yaml.WithPlugin(limits{})); err != nil {
		r.syntaxError(c, err)
		return entry{}, false
	}
	b := &builder{reader: r, above: c.line - 1, anchored: map[*yaml.Node]*node{}, busy: map[*yaml.Node]bool{}}
	root := document.Content[0]
	e := entry{keyAt: b.place(root), at: b.place(root), value: b.build(root, 0)}
	return e, !b.broken
}

func indicators(text []byte) (n int) {
	for _, indicator := range ",:[]{}" {
		n += bytes.Count(text, []byte(string(indicator)))
	}
	return n
}

func (r *reader) syntaxError(c chunk, err error) {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		r.diags.AddPos(diag.BadYAML, diag.Pos{File: r.file.Name, Line: c.line, Col: 1}, "%s", err)
		return
	}
	code, mark, message := explainSyntax(c, load)
	pos := diag.Pos{File: r.file.Name, Line: c.line, Col: 1}
	if mark.Line > 0 {
		pos.Line, pos.Col = c.line+mark.Line-1, max(mark.Column, 1)
	}
	r.diags.AddPos(code, pos, "%s", message)
}

func (b *builder) place(n *yaml.Node) place { return place{line: b.above + n.Line, col: n.Column} }

func (b *builder) report(code diag.Code, at place, format string, args ...any) {
	b.reader.diags.AddPos(code, b.reader.pos(at), format, args...)
}

// tooDeep reports once and gives the document up.
func (b *builder) tooDeep(at place, format string, args ...any) *node {
	if !b.broken {
		b.report(diag.TooDeep, at, format, args...)
	}
	b.broken = true
	return nothing()
}

func nothing() *node { return &node{kind: null, text: "null"} }

func (b *builder) build(n *yaml.Node, depth int) *node {
	switch {
	case b.broken:
		return nothing()
	case depth > maxDepth:
		return b.tooDeep(b.place(n), "%s", errTooDeep)
	case n.Kind == yaml.AliasNode:
		return b.alias(n, depth)
	case n.Anchor == "":
		return b.fresh(n, depth)
	}
	b.checkAnchor(n)
	b.busy[n] = true
	built := b.fresh(n, depth)
	delete(b.busy, n)
	b.anchored[n] = built
	return built
}

// checkAnchor refuses an anchor that kubectl reads differently. For example, its parser reads
// &a:b as the anchor &a and the text :b.
func (b *builder) checkAnchor(n *yaml.Node) {
	if n.Kind == yaml.AliasNode || strings.Trim(n.Anchor, anchorCharacters) == "" {
		return
	}
	b.report(diag.BadYAML, b.place(n), "kubectl does not read the anchor &%s; use letters, digits, - and _ alone", n.Anchor)
	b.broken = true
}

func (b *builder) alias(n *yaml.Node, depth int) *node {
	if b.busy[n.Alias] {
		return b.tooDeep(b.place(n), "the alias *%s is inside the value it stands for", n.Value)
	}
	shared := b.anchored[n.Alias]
	if shared == nil { // the anchor was in a part that is not kept
		shared = b.build(n.Alias, depth)
	}
	if depth+shared.height > maxDepth {
		return b.tooDeep(b.place(n), "with the alias *%s the document is %s", n.Value, errTooDeep)
	}
	return shared
}

func (b *builder) fresh(n *yaml.Node, depth int) *node {
	switch n.Kind {
	case yaml.SequenceNode:
		l := &node{kind: list, entries: make([]entry, 0, len(n.Content))}
		for _, element := range n.Content {
			l.add(entry{keyAt: b.place(element), at: b.place(element), value: b.build(element, depth+1)})
		}
		return l
	case yaml.MappingNode:
		return b.mapping(n, depth)
	default:
		return b.scalar(n)
	}
}

func (b *builder) scalar(n *yaml.Node) *node {
	a := b.resolve(n, (*scalars).value)
	if a.err != nil {
		b.report(diag.BadYAML, b.place(n), "%s", a.err)
		b.broken = true
		return nothing()
	}
	if a.kind == text {
		return &node{kind: text, text: a.text}
	}
	return &node{kind: a.kind, text: a.text, written: n.Value}
}

func (b *builder) resolve(n *yaml.Node, plain func(*scalars, string) answer) answer {
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		return b.reader.scalars.tagged(n.Tag, n.Value)
	case n.Tag == "!" || n.Style != 0:
		return answer{kind: text, text: n.Value}
	default:
		return plain(b.reader.scalars, n.Value)
	}
}

func (b *builder) mapping(n *yaml.Node, depth int) *node {
	m := &node{kind: mapping, entries: make([]entry, 0, len(n.Content)/2)}
	for i := 0; i+1 < len(n.Content) && !b.broken; i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		b.checkAnchor(key)
		if isMerge(key) {
			b.merge(m, key, value, depth)
			continue
		}
		e := entry{keyAt: b.place(key), at: b.place(value)}
		e.key = b.key(key)
		e.value = b.build(value, depth+1)
		if e.value.kind == null && value.Value == "" {
			e.at = place{} // nothing is written there
		}
		m.add(e)
	}
	m.sort(b.duplicate)
	return m
}

func (b *builder) key(n *yaml.Node) string {
	at := b.place(n)
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		b.broken = true
		if n.Style&yaml.FlowStyle != 0 && n.Kind == yaml.MappingNode {
			b.report(diag.BadYAML, at, `a mapping cannot be a key; if {{ begins a template, render it first or put it in quotes`)
		} else {
			b.report(diag.BadYAML, at, "a list or a mapping cannot be a key; write a string")
		}
		return ""
	}
	a := b.resolve(n, (*scalars).key)
	if a.err != nil || a.kind == null {
		b.broken = true
		b.report(diag.BadYAML, at, "the key %q is not a string; put it in quotes", n.Value)
	}
	return a.text
}

func (b *builder) duplicate(first, second entry) {
	switch {
	case b.twice == maxTwice:
	case second.merge != (place{}):
		b.report(diag.DuplicateKey, second.merge, "the merge key after %q on line %d overrides it; move << to the top of the mapping", first.key, first.keyAt.line)
	case first.key == "apiVersion" || first.key == "kind":
		b.report(diag.DuplicateKey, second.keyAt, "%q is also on line %d; remove one, or separate two documents with a --- line", first.key, first.keyAt.line)
	default:
		b.report(diag.DuplicateKey, second.keyAt, "%q is also on line %d; remove one", first.key, first.keyAt.line)
	}
	b.twice = min(b.twice+1, maxTwice)
}
