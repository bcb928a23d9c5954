// SPDX-License-Identifier: Apache-2.0

package parse

import (
	"reflect"
	"strconv"
	"unicode/utf8"
)

// describe says what a value is, in the words of YAML.
func describe(n *node) string {
	switch n.kind {
	case null:
		return "nothing"
	case boolean:
		return "the boolean " + n.written
	case number:
		return "the number " + n.written
	case text:
		return "the string " + quote(n.text)
	case list:
		return "a list"
	default:
		return "a mapping"
	}
}

// quote shortens what would fill the screen.
func quote(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return strconv.Quote(s)
}

// demand says what a Go type wants, in the words of YAML.
func demand(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return demand(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number of at least 0"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "base64 text"
		}
		return "a list"
	default:
		return "a mapping"
	}
}

// remedy says how to write a value so that it is of the wanted type; "" if another spelling
// does not help.
func remedy(n *node, t reflect.Type) string {
	wants := demand(t)
	switch {
	case wants == "a string" && (n.kind == number || n.kind == boolean):
		return "; put it in quotes: " + strconv.Quote(n.written)
	case wants == "a list" && n.kind == text:
		return "; write [" + quote(n.text) + "]"
	case wants == "a list" && n.kind == mapping:
		return `; put "- " before its first key`
	case wants == "a mapping" && n.kind == list:
		return `; remove the "- "`
	case n.kind == text && isUnquoted(n.text, wants):
		return "; remove the quotes"
	default:
		return ""
	}
}

func isUnquoted(s, wants string) bool {
	switch wants {
	case "true or false":
		return s == "true" || s == "false"
	case "a whole number", "a number":
		return isDecimal(s)
	default:
		return false
	}
}
