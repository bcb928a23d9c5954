// SPDX-License-Identifier: Apache-2.0

package parse

import "encoding/json"

// encoder writes a tree as JSON: keys sorted and characters escaped as
// encoding/json does with a map, so that equal values have equal bytes.
type encoder struct {
	out []byte
	// full is set when an alias or an escape made the document too large.
	full bool
}

// encode remembers in every node which bytes are its own.
func (e *encoder) encode(n *node) {
	if e.full {
		return
	}
	if n.end > 0 { // shared by an alias, and written before
		if len(e.out)+n.end-n.begin > maxBytes {
			e.full = true
			return
		}
		e.out = append(e.out, e.out[n.begin:n.end]...)
		return
	}
	begin := len(e.out)
	switch n.kind {
	case list:
		e.list(n)
	case mapping:
		e.mapping(n)
	case text:
		e.text(n.text)
	default:
		e.out = append(e.out, n.text...)
	}
	n.begin, n.end = begin, len(e.out)
	e.full = e.full || len(e.out) > maxBytes
}

func (e *encoder) list(n *node) {
	e.out = append(e.out, '[')
	for i := range n.entries {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.encode(n.entries[i].value)
	}
	e.out = append(e.out, ']')
}

func (e *encoder) mapping(n *node) {
	e.out = append(e.out, '{')
	for i := range n.entries {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.text(n.entries[i].key)
		e.out = append(e.out, ':')
		e.encode(n.entries[i].value)
	}
	e.out = append(e.out, '}')
}

func (e *encoder) text(s string) {
	if isSimple(s) {
		e.out = append(e.out, '"')
		e.out = append(e.out, s...)
		e.out = append(e.out, '"')
		return
	}
	quoted, err := json.Marshal(s)
	if err != nil {
		panic("bug: a string has no JSON: " + err.Error())
	}
	e.out = append(e.out, quoted...)
}

func isSimple(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}
