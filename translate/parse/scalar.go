// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// scalars knows what a scalar means to Kubernetes. Its YAML is older than that of our parser:
// yes is a boolean there, and 0644 an octal number. We do not copy the rules: we ask the
// library that kubectl uses.
type scalars struct {
	values map[string]answer
	keys   map[string]answer
}

type answer struct {
	kind kind
	text string
	err  error
}

func newScalars() *scalars {
	return &scalars{values: map[string]answer{}, keys: map[string]answer{}}
}

// value resolves an unquoted scalar.
func (s *scalars) value(written string) answer {
	switch {
	case written == "":
		return answer{kind: null, text: "null"}
	case isDecimal(written):
		return answer{kind: number, text: written}
	case !isDoubtful(written):
		return answer{kind: text, text: written}
	}
	return remember(s.values, written, func() answer { return ask("- " + written) })
}

// tagged resolves a scalar with an explicit tag such as !!int.
func (s *scalars) tagged(tag, value string) answer {
	switch tag {
	case "!!bool", "!!int", "!!float", "!!null", "!!timestamp":
		quoted, err := json.Marshal(value)
		if err != nil {
			return answer{err: err}
		}
		question := "- " + tag + " " + string(quoted)
		return remember(s.values, question, func() answer { return ask(question) })
	case "!!binary":
		return answer{err: errors.New("!!binary has no meaning to Kubernetes; write the base64 text without the tag")}
	default:
		return answer{kind: text, text: value}
	}
}

// key resolves an unquoted key. Keys are always strings in the end, but 1.50
// becomes "1.5", and a null cannot become one.
func (s *scalars) key(written string) answer {
	if a := s.value(written); a.err == nil && a.kind == text {
		return a
	}
	return remember(s.keys, written, func() answer { return askKey(written) })
}

// maxAsked bounds how many different scalars of a file we ask the library about, because an
// answer takes some 30 microseconds. No Promise has so many.
const maxAsked = 10_000

func remember(known map[string]answer, question string, ask func() answer) answer {
	a, ok := known[question]
	switch {
	case ok:
		return a
	case len(known) >= maxAsked:
		return answer{err: fmt.Errorf("the file has more than %d scalars of which one cannot see whether they are numbers; put them in quotes", maxAsked)}
	}
	a = ask()
	known[question] = a
	return a
}

// ask has a list with one scalar converted.
func ask(question string) answer {
	converted, err := yaml.YAMLToJSON([]byte(question))
	if err != nil {
		return answer{err: fmt.Errorf("%s has no meaning in JSON; put it in quotes", strings.TrimPrefix(question, "- "))}
	}
	literal := strings.TrimSuffix(strings.TrimPrefix(string(converted), "["), "]")
	switch literal[0] {
	case 'n':
		return answer{kind: null, text: literal}
	case 't', 'f':
		return answer{kind: boolean, text: literal}
	case '"':
		var value string
		err = json.Unmarshal([]byte(literal), &value)
		return answer{kind: text, text: value, err: err}
	case '[', '{': // the scalar alone would be something else: it can only be text
		return answer{kind: text, text: strings.TrimPrefix(question, "- ")}
	default:
		return answer{kind: number, text: literal}
	}
}

// askKey has a mapping with one key converted.
func askKey(written string) answer {
	var keys map[string]int
	err := yaml.Unmarshal([]byte("? "+written+"\n: 0"), &keys)
	for key := range keys {
		return answer{kind: text, text: key}
	}
	return answer{err: fmt.Errorf("no key: %w", err)}
}

// isDecimal finds the numbers that every version of YAML and JSON agrees on.
func isDecimal(s string) bool {
	if s == "0" {
		return true
	}
	s = strings.TrimPrefix(s, "-")
	if s == "" || len(s) > 18 || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// numeric are the characters of all numbers: decimal, octal, hexadecimal, with
// exponents and underscores, infinite and not a number at all.
const numeric = "0123456789abcdefABCDEFxXoOiInN_+-.~"

// isDoubtful finds the scalars that may be something other than a string. It may return true
// for a string, but never false for anything else.
func isDoubtful(s string) bool {
	if c := s[0] | 0x20; 'a' <= c && c <= 'z' {
		return len(s) <= len("false") && isWord(strings.ToLower(s))
	}
	return strings.Trim(s, numeric) == ""
}

func isWord(s string) bool {
	switch s {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}
