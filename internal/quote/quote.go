// SPDX-License-Identifier: Apache-2.0

// Package quote repeats what containers, servers and other people have written: no more of it than
// fits, and nothing that a terminal or a shell obeys.
package quote

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const dots = "..."

// Cut shortens a text to so many bytes, at a whole character, and ends it with dots then.
func Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len(dots)], "") + dots
}

// Plain puts a text on one line, and keeps control characters from the terminal.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return utf8.RuneError
		}
		return r
	}, text)
}

// shellSafe are the characters that mean nothing to a shell.
const shellSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+"

// Word is a text as one word of a command line for a POSIX shell, which people paste.
func Word(text string) string {
	if text != "" && strings.Trim(text, shellSafe) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
