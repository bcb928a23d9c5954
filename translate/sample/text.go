// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"regexp"
	"regexp/syntax"
	"sort"
	"strings"
	"unicode/utf8"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// maxText bounds texts, whatever minLength demands.
const maxText = 4096

// formats are values for the formats that the API server checks.
var formats = map[string]string{
	"bsonobjectid": "507f1f77bcf86cd799439011",
	"byte":         "ZXhhbXBsZQ==",
	"cidr":         "10.0.0.0/24",
	"creditcard":   "4111111111111111",
	"date":         "2025-01-01",
	"date-time":    "2025-01-01T00:00:00Z",
	"datetime":     "2025-01-01T00:00:00Z",
	"duration":     "10m",
	"email":        "user@example.com",
	"hexcolor":     "#336699",
	"hostname":     "example.com",
	"ipv4":         "192.0.2.1",
	"ipv6":         "2001:db8::1",
	"isbn":         "978-0321751041",
	"isbn10":       "0321751043",
	"isbn13":       "978-0321751041",
	"mac":          "00:00:5e:00:53:01",
	"rgbcolor":     "rgb(51,102,153)",
	"ssn":          "123-45-6789",
	"uri":          "https://example.com",
	"uuid":         "123e4567-e89b-42d3-a456-426614174000",
	"uuid3":        "123e4567-e89b-32d3-a456-426614174000",
	"uuid4":        "123e4567-e89b-42d3-a456-426614174000",
	"uuid5":        "123e4567-e89b-52d3-a456-426614174000",
}

// text is the placeholder if the schema allows it, and otherwise the shortest text that matches
// the pattern.
func (m maker) text(schema apiextensionsv1.JSONSchemaProps) string {
	shortest, longest := length(schema.MinLength, 0), length(schema.MaxLength, maxText)
	if !m.spend(shortest + len(schema.Pattern)) {
		return ""
	}
	if known, ok := formats[schema.Format]; ok {
		return known
	}
	placeholder := numbered(m.number)
	if n := len(placeholder); n < shortest {
		placeholder += strings.Repeat("x", shortest-n)
	} else if n > longest {
		placeholder = placeholder[:longest]
	}
	pattern, err := regexp.Compile(schema.Pattern)
	if err != nil || pattern.MatchString(placeholder) {
		return placeholder
	}
	if found, ok := matching(pattern, shortest, longest); ok {
		return found
	}
	m.spend(misfit)
	return placeholder
}

func length(written *int64, otherwise int) int {
	if written == nil {
		return otherwise
	}
	return int(max(0, min(*written, maxText)))
}

// matching repeats the repeatable parts of a pattern until the text is long enough. If the
// pattern has a look-around, it repeats once more.
func matching(pattern *regexp.Regexp, shortest, longest int) (string, bool) {
	tree, err := syntax.Parse(pattern.String(), syntax.Perl)
	if err != nil {
		return "", false
	}
	enough := sort.Search(shortest+1, func(repeat int) bool { return utf8.RuneCountInString(spell(tree, repeat)) >= shortest })
	for _, repeat := range []int{enough, enough + 1} {
		text := spell(tree, repeat)
		if n := utf8.RuneCountInString(text); shortest <= n && n <= longest && pattern.MatchString(text) {
			return text, true
		}
	}
	return "", false
}

// spell is a text that matches the pattern if that has no look-around. It stops at maxText,
// because nested repetitions multiply.
func spell(tree *syntax.Regexp, repeat int) string {
	times := 1
	switch tree.Op {
	case syntax.OpLiteral:
		return string(tree.Rune)
	case syntax.OpCharClass:
		return string(pick(tree.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpAlternate:
		return spell(tree.Sub[0], repeat)
	case syntax.OpStar:
		times = repeat
	case syntax.OpQuest:
		times = min(repeat, 1)
	case syntax.OpPlus:
		times = max(repeat, 1)
	case syntax.OpRepeat:
		times = max(repeat, tree.Min)
		if tree.Max >= 0 {
			times = min(times, tree.Max)
		}
	default: // anchors and groups write nothing themselves
	}
	var once strings.Builder
	for _, sub := range tree.Sub {
		if once.Len() <= maxText {
			once.WriteString(spell(sub, repeat))
		}
	}
	return strings.Repeat(once.String(), min(times, 1+maxText/max(1, once.Len())))
}

// pick prefers letters and digits to other characters of a class.
func pick(ranges []rune) rune {
	for _, r := range "xaA10" {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= r && r <= ranges[i+1] {
				return r
			}
		}
	}
	if len(ranges) == 0 {
		return 'x'
	}
	return ranges[0]
}
