// SPDX-License-Identifier: Apache-2.0

// Package kubelet knows how the kubelet expands $(NAME) in command, args and
// env values. Both engines rewrite text before the kubelet sees it; knowing
// what the kubelet does afterwards is what lets the backends undo that.
//
// The rules: $$ is one dollar, $(NAME) is the variable if there is one and
// stays as written otherwise, any other dollar is itself. The result is not
// scanned again. (Kubernetes API reference, Container v1 core, args.)
package kubelet

import "strings"

// Kind says what the kubelet makes of a token.
type Kind int

const (
	// Literal text reaches the process as it is.
	Literal Kind = iota
	// Dollar is the escape $$, which becomes one dollar.
	Dollar
	// Reference is $(NAME).
	Reference
)

// Token is a piece of text as the kubelet reads it.
type Token struct {
	Kind Kind
	// Raw is the text as written; all Raws together are the input.
	Raw string
	// Name is the variable of a Reference. It may be any text without ")".
	Name string
}

// Tokens cuts text into what the kubelet sees. Adjacent literals are one token.
func Tokens(text string) []Token {
	var out []Token
	start := 0
	flush := func(end int) {
		if end > start {
			out = append(out, Token{Kind: Literal, Raw: text[start:end]})
		}
	}
	for i := 0; i < len(text)-1; {
		if text[i] != '$' {
			i++
			continue
		}
		switch next := text[i+1]; next {
		case '$':
			flush(i)
			out = append(out, Token{Kind: Dollar, Raw: "$$"})
			i += 2
			start = i
		case '(':
			length := strings.IndexByte(text[i:], ')')
			if length < 0 { // "$(" without ")" is literal
				i += 2
				continue
			}
			flush(i)
			out = append(out, Token{Kind: Reference, Raw: text[i : i+length+1], Name: text[i+2 : i+length]})
			i += length + 1
			start = i
		default: // "$x" is literal, x included
			i += 2
		}
	}
	flush(len(text))
	return out
}

// Expand is the kubelet's expansion. lookup tells whether a variable exists.
func Expand(text string, lookup func(name string) (string, bool)) string {
	var b strings.Builder
	for _, t := range Tokens(text) {
		switch t.Kind {
		case Literal:
			b.WriteString(t.Raw)
		case Dollar:
			b.WriteByte('$')
		case Reference:
			if v, ok := lookup(t.Name); ok {
				b.WriteString(v)
			} else {
				b.WriteString(t.Raw)
			}
		}
	}
	return b.String()
}

// Quote writes text so that Expand gives it back unchanged.
func Quote(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// Refers tells whether text refers to the variable.
func Refers(text, name string) bool {
	for _, t := range Tokens(text) {
		if t.Kind == Reference && t.Name == name {
			return true
		}
	}
	return false
}
