// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// maxFlow bounds the indicators of one flow collection, [...] or {...}. While
// it may still turn out to be a key, the YAML parser keeps all its tokens, at
// almost a kilobyte an indicator. JSON is read by another parser.
const maxFlow = 150_000

// skimmer finds the flow collections of a document ahead of the YAML parser. It
// splits text into tokens as that parser does, and keeps none of them; once
// the parser would have stopped, it may answer anything.
type skimmer struct {
	text []byte
	at   cursor
	// indents are the columns of the open block collections.
	indents []int
	// key is where the key began that a colon may follow, and keys tells
	// whether one may begin here.
	key  cursor
	keys bool
	// depth is the number of open flow collections, opened is the place of the
	// outermost, and size is the number of indicators in it.
	depth  int
	opened place
	size   int
	// last is the indicator that was the last token; 0 after any other.
	last byte
}

// largeFlow finds the first flow collection that is too large to be parsed.
func largeFlow(c chunk) (place, bool) {
	indicators := 0
	for _, indicator := range ",:[]{}" {
		indicators += bytes.Count(c.text, []byte(string(indicator)))
	}
	if indicators <= maxFlow {
		return place{}, false
	}
	s := newSkimmer(c)
	for s.next() {
		if s.size > maxFlow {
			return s.opened, true
		}
	}
	return place{}, false
}

func newSkimmer(c chunk) *skimmer {
	return &skimmer{text: c.text, at: cursor{line: c.line, col: 1}, keys: true}
}

func (r *reader) checkFlow(c chunk) bool {
	at, found := largeFlow(c)
	if found {
		r.diags.AddPos(diag.TooDeep, r.pos(at),
			"more than %d commas, colons and brackets in the list or mapping that opens here; write it in lines of its own, or the document as JSON", maxFlow)
	}
	return !found
}

// next goes behind the next token; false at the end of the text.
func (s *skimmer) next() bool {
	s.skipBlanks()
	c, next := s.peek(0), s.peek(1)
	last := s.last
	s.last = 0
	switch {
	case c == 0:
		return false
	case c == '[' || c == '{':
		s.open()
	case c == ']' || c == '}':
		s.depth = max(s.depth-1, 0)
		s.indicator()
	case c == ',':
		s.indicator()
	case (c == '-' || c == '?') && isBlank(next):
		s.nest(s.at.col)
		s.indicator()
	case c == ':' && s.endsKey(last, next):
		s.colon()
	case c == '|' || c == '>':
		s.block()
	case c == '\'' || c == '"':
		s.mayBeKey()
		s.quoted(c)
	case c == '&' || c == '*' || c == '!':
		s.mayBeKey()
		s.property()
	default:
		s.mayBeKey()
		s.plain()
	}
	return true
}

func (s *skimmer) open() {
	s.mayBeKey()
	if s.depth == 0 {
		s.opened, s.size = place{line: s.at.line, col: s.at.col}, 0
	}
	s.depth++
	s.indicator()
}

func (s *skimmer) indicator() {
	if s.depth > 0 {
		s.size++
	}
	s.last = s.peek(0)
	s.at.step(s.text)
}

// nest begins a block collection, whose entries a key may begin.
func (s *skimmer) nest(col int) {
	if s.depth > 0 {
		return
	}
	if col > s.indent() {
		s.indents = append(s.indents, col)
	}
	s.key, s.keys = cursor{}, true
}

func (s *skimmer) mayBeKey() {
	if s.depth > 0 {
		return
	}
	if s.keys {
		s.key = s.at
	}
	s.keys = false
}

// endsKey tells a colon from text that begins with one, which in a flow
// collection depends on what is before it.
func (s *skimmer) endsKey(last, next byte) bool {
	switch {
	case isBlank(next):
		return true
	case s.depth == 0, last == ',', last == '[':
		return false
	case last == ':', last == '?', last == '{':
		return isFlowIndicator(next)
	default:
		return true
	}
}

// colon ends a key on the same line, which began the mapping if it is further
// in than what is around it.
func (s *skimmer) colon() {
	onLine := s.key.line == s.at.line
	if onLine {
		s.nest(s.key.col)
	} else {
		s.nest(s.at.col)
	}
	s.keys = s.keys && !onLine
	s.indicator()
}

func (s *skimmer) indent() int {
	if len(s.indents) == 0 {
		return 0
	}
	return s.indents[len(s.indents)-1]
}

func (s *skimmer) peek(n int) byte {
	if s.at.offset+n >= len(s.text) {
		return 0
	}
	return s.text[s.at.offset+n]
}

// isBlank counts the end of the text as blank.
func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0
}

func isFlowIndicator(c byte) bool {
	return c == ',' || c == '[' || c == ']' || c == '{' || c == '}'
}
