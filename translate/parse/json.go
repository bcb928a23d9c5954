// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// isJSON tells JSON from YAML by its first characters, for {a: b} is YAML.
func isJSON(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	next := bytes.TrimLeft(text[1:], " \t\r\n")
	return len(next) > 0 && (next[0] == '"' || next[0] == '}' || text[0] == '[' && strings.IndexByte("[{]", next[0]) >= 0)
}

// jsonReader reads a stream of JSON values. It has its own parser because JSON
// allows what YAML does not: tabs, surrogate pairs, very long keys.
type jsonReader struct {
	*builder
	tokens *json.Decoder
	text   []byte
	at     cursor
	// begin is where the current document begins.
	begin int
}

var (
	errStop     = errors.New("the document is given up")
	errTooLarge = errors.New("the document is too large")
)

func (r *reader) readJSON(c chunk) []*Document {
	if !checkText(r.file.Name, c, &r.diags) {
		return nil
	}
	j := &jsonReader{builder: &builder{reader: r}, tokens: json.NewDecoder(bytes.NewReader(c.text)), text: c.text}
	j.tokens.UseNumber()
	j.at = cursor{line: c.line, col: 1}
	var docs []*Document
	for r.count <= maxDocuments {
		token, at, err := j.next()
		if errors.Is(err, io.EOF) {
			return docs
		}
		j.begin, j.twice = j.at.offset, 0
		var root *node
		if err == nil {
			root, err = j.value(token, at, 0)
		}
		if err != nil {
			j.failed(at, err)
			return docs
		}
		docs = append(docs, r.document(entry{keyAt: at, at: at, value: root})...)
	}
	return docs
}

// next reads a token and finds the place where it begins.
func (j *jsonReader) next() (json.Token, place, error) {
	token, err := j.tokens.Token()
	if err == nil && int(j.tokens.InputOffset())-j.begin > maxBytes {
		err = errTooLarge
	}
	for j.at.offset < len(j.text) && strings.IndexByte(" \t\r\n,:", j.text[j.at.offset]) >= 0 {
		j.at.step(j.text)
	}
	at := place{line: j.at.line, col: j.at.col}
	if err == nil {
		j.moveTo(int(j.tokens.InputOffset()))
	}
	return token, at, err
}

func (j *jsonReader) moveTo(offset int) {
	for j.at.offset < min(offset, len(j.text)) {
		j.at.step(j.text)
	}
}

func (j *jsonReader) value(token json.Token, at place, depth int) (*node, error) {
	if depth > maxDepth {
		j.tooDeep(at, "%s", errTooDeep)
		return nil, errStop
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '[' {
			return j.list(depth)
		}
		return j.mapping(depth)
	case string:
		return &node{kind: text, text: token}, nil
	case json.Number:
		return j.number(token, at)
	case bool:
		return &node{kind: boolean, text: strconv.FormatBool(token), written: strconv.FormatBool(token)}, nil
	default:
		return nothing(), nil
	}
}

func (j *jsonReader) list(depth int) (*node, error) {
	l := &node{kind: list}
	for {
		token, at, err := j.next()
		if err != nil || token == json.Delim(']') {
			return l, err
		}
		value, err := j.value(token, at, depth+1)
		if err != nil {
			return nil, err
		}
		l.add(entry{keyAt: at, at: at, value: value})
	}
}

func (j *jsonReader) mapping(depth int) (*node, error) {
	m := &node{kind: mapping}
	for {
		token, keyAt, err := j.next()
		if err != nil {
			return nil, err
		}
		key, ok := token.(string)
		if !ok {
			m.sort(j.duplicate)
			return m, nil
		}
		token, at, err := j.next()
		if err != nil {
			return nil, err
		}
		value, err := j.value(token, at, depth+1)
		if err != nil {
			return nil, err
		}
		m.add(entry{key: key, keyAt: keyAt, at: at, value: value})
	}
}

// number spells a number like the API server, which knows 64-bit integers and
// floats.
func (j *jsonReader) number(token json.Number, at place) (*node, error) {
	if i, err := token.Int64(); err == nil {
		return &node{kind: number, text: strconv.FormatInt(i, 10), written: token.String()}, nil
	}
	f, err := token.Float64()
	if err != nil {
		j.report(diag.BadYAML, at, "the number %s is too large", token)
		return nil, errStop
	}
	spelled, err := json.Marshal(f)
	return &node{kind: number, text: string(spelled), written: token.String()}, err
}

func (j *jsonReader) failed(at place, err error) {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, errStop):
	case errors.Is(err, errTooLarge):
		j.reader.tooLarge(at.line)
	case errors.As(err, &syntax):
		j.moveTo(int(syntax.Offset) - 1)
		j.report(diag.BadYAML, place{line: j.at.line, col: j.at.col}, "bad JSON: %s", syntax)
	default: // the text ended inside a value
		j.report(diag.BadYAML, at, "the JSON value that begins here is never closed")
	}
}
