// SPDX-License-Identifier: Apache-2.0

package parse

// skipBlanks goes over what is between tokens. A new line may begin a key,
// and ends the block collections that are further in.
func (s *skimmer) skipBlanks() {
	line := s.at.line
	for s.at.offset < len(s.text) && isBlank(s.peek(0)) || s.peek(0) == '#' {
		if s.peek(0) == '#' {
			s.skipLine()
		} else {
			s.at.step(s.text)
		}
	}
	s.keys = s.keys || s.depth == 0 && s.at.line > line
	for s.depth == 0 && s.indent() > s.at.col {
		s.indents = s.indents[:len(s.indents)-1]
	}
}

func (s *skimmer) skipLine() {
	for end := lineEnd(s.text, s.at.offset); s.at.offset < end; {
		s.at.step(s.text)
	}
}

func (s *skimmer) quoted(quote byte) {
	s.at.step(s.text)
	for s.at.offset < len(s.text) {
		c := s.peek(0)
		escape := quote == '"' && c == '\\' || quote == '\'' && c == quote && s.peek(1) == quote
		s.at.step(s.text)
		switch {
		case escape && s.at.offset < len(s.text):
			s.at.step(s.text)
		case c == quote:
			return
		}
	}
}

// property is an anchor, an alias or a tag. Colons behind a name are not part
// of it.
func (s *skimmer) property() {
	name := s.peek(0) != '!'
	if !name && s.peek(1) == '<' { // an address, which may hold any indicator
		for !isBlank(s.peek(1)) && s.peek(0) != '>' {
			s.at.step(s.text)
		}
		s.at.step(s.text)
		return
	}
	end := s.at
	for c := s.peek(0); !isBlank(c) && !isFlowIndicator(c); c = s.peek(0) {
		s.at.step(s.text)
		if c != ':' {
			end = s.at
		}
	}
	if name {
		s.at = end
	}
}

// plain is text without quotes; it goes on in lines that are further in than
// the collection around it.
func (s *skimmer) plain() {
	for {
		for !isBlank(s.peek(0)) {
			if s.endsPlain() {
				return
			}
			s.keys = false
			s.at.step(s.text)
		}
		line := s.at.line
		for s.at.offset < len(s.text) && isBlank(s.peek(0)) {
			s.at.step(s.text)
		}
		s.keys = s.depth == 0 && s.at.line > line
		c := s.peek(0)
		if c == 0 || c == '#' || s.depth == 0 && s.at.col <= s.indent() {
			return
		}
	}
}

func (s *skimmer) endsPlain() bool {
	c, next := s.peek(0), s.peek(1)
	if c == ':' && isBlank(next) {
		return true
	}
	return s.depth > 0 && (isFlowIndicator(c) || c == ':' && (next == ',' || next == ']' || next == '}'))
}

// block is the text behind | or >: all lines that are as far in as the first,
// or as the header says.
func (s *skimmer) block() {
	indent := 0
	for s.at.step(s.text); !isBlank(s.peek(0)); s.at.step(s.text) {
		if c := s.peek(0); '1' <= c && c <= '9' {
			indent = max(s.indent(), 1) + int(c-'0')
		}
	}
	s.skipLine()
	s.key, s.keys = cursor{}, true
	for furthest := 0; s.at.offset < len(s.text); s.skipLine() {
		for s.peek(0) == ' ' && (indent == 0 || s.at.col < indent) {
			s.at.step(s.text)
		}
		furthest = max(furthest, s.at.col)
		if s.peek(0) == '\n' || s.peek(0) == '\r' {
			continue
		}
		if indent == 0 {
			indent = max(furthest, s.indent()+1)
		}
		if s.at.col != indent {
			return
		}
	}
}
