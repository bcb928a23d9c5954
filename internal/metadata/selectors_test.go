// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSelectors(t *testing.T) {
	dev := map[string]string{"env": "dev"}
	for _, c := range []struct {
		name, in string
		want     []Selector
		warnings []string
	}{
		{"no directory", "- matchLabels: {env: dev}", []Selector{{Root, dev}}, nil},
		{"the empty directory", "- {directory: '', matchLabels: {env: dev}}", []Selector{{Root, dev}}, nil},
		{"a dot", "- {directory: ., matchLabels: {env: dev}}", []Selector{{Root, dev}}, nil},
		{"is cleaned", "- {directory: ./edge//, matchLabels: {env: dev}}", []Selector{{"edge", dev}}, nil},
		{"JSON", "[\n\t{\"matchLabels\": {\"env\": \"dev\"}}\n]", []Selector{{Root, dev}}, nil},
		{"keys in any case", "- {Directory: edge, matchlabels: {env: dev}}", []Selector{{"edge", dev}}, []string{
			`destination-selectors.yaml:1:4: unknown field "Directory"; did you mean "directory"? [unknown-key]`,
			`destination-selectors.yaml:1:21: unknown field "matchlabels"; did you mean "matchLabels"? [unknown-key]`,
		}},
		{
			"labels without quotes", "- {directory: 1, matchLabels: {a: 1, b: yes, c: 1.50, d: }}",
			[]Selector{{"1", map[string]string{"a": "1", "b": "true", "c": "1.5", "d": ""}}},
			nil,
		},
		{"an alias", "- &x {matchLabels: &l {env: dev}}\n- {directory: edge, matchLabels: *l}", []Selector{{Root, dev}, {"edge", dev}}, nil},
		{
			"other keys", "- {matchLabels: {env: dev}, matchExpressions: []}",
			[]Selector{{Root, dev}},
			[]string{`destination-selectors.yaml:1:29: unknown field "matchExpressions"; the fields are directory, matchLabels [unknown-key]`},
		},
		{
			"labels that no Destination has", "- {matchLabels: {a: b c}}",
			[]Selector{{Root, map[string]string{"a": "b c"}}},
			[]string{`destination-selectors.yaml:1:21: no Destination can have the label a: "b c"; ` +
				`a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character ` +
				`(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?') [label-syntax]`},
		},
		{
			"written twice", "- matchLabels: {env: prod}\n  matchLabels: {env: dev}\n",
			[]Selector{{Root, dev}},
			[]string{`destination-selectors.yaml:2:3: "matchLabels" is also on line 1; remove one [duplicate-key]`},
		},
		{
			"two documents", "- matchLabels: {env: dev}\n---\n- {}\n",
			[]Selector{{Root, dev}},
			[]string{`destination-selectors.yaml:3:1: only the first document of the file is read; merge the others into it or remove them [one-document]`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := open(SelectorsFile, []byte(c.in))
			assert.Equal(t, c.want, f.selectors())
			assert.Empty(t, f.problems)
			assert.Equal(t, c.warnings, lines(f.warnings))
			got, err := parseSelectors([]byte(c.in))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestBadSelectors(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"no YAML", "- a: b: c", []string{`destination-selectors.yaml:1:7: a ": " that begins no value; check the indentation, or put the text in quotes [readable]`}},
		{"a mapping", "matchLabels: {env: dev}", []string{`destination-selectors.yaml:1:1: found a mapping, want a list; put "- " before its first key [type]`}},
		{"a text", "env=dev", []string{`destination-selectors.yaml:1:1: found the string "env=dev", want a list; write ["env=dev"] [type]`}},
		{"an entry that is a text", "- env=dev", []string{`destination-selectors.yaml:1:3: found the string "env=dev", want a mapping [type]`}},
		{"a list for labels", "- matchLabels: [env]", []string{`destination-selectors.yaml:1:3: found a list, want a mapping; remove the "- " [type]`}},
		{"a mapping for a label", "- matchLabels:\n    env: {a: b}", []string{`destination-selectors.yaml:2:5: found a mapping, want a string [type]`}},
		{"the same in another case", "- matchlabels: [env]", []string{
			`destination-selectors.yaml:1:3: cannot be read: cannot unmarshal array into Go struct field .matchLabels of type map[string]metadata.text [type]`,
		}},
		{"no labels", "- directory: a\n- matchLabels: {}\n- \n", []string{
			`destination-selectors.yaml:1:3: the entry has no selectors; write the labels of Destinations below matchLabels, or remove the entry [match-labels]`,
			`destination-selectors.yaml:2:3: the entry has no selectors; write the labels of Destinations below matchLabels, or remove the entry [match-labels]`,
			`destination-selectors.yaml:3:2: the entry has no selectors; write the labels of Destinations below matchLabels, or remove the entry [match-labels]`,
		}},
		{"twice", "- {directory: a, matchLabels: {b: c}}\n- {directory: ./a/, matchLabels: {d: e}}", []string{
			`destination-selectors.yaml:2:3: the directory "a" has an entry on line 1 already; merge the two [one-entry-per-directory]`,
		}},
		{"the rest twice", "- {matchLabels: {b: c}}\n- {directory: ., matchLabels: {d: e}}", []string{
			`destination-selectors.yaml:2:3: the directory "." has an entry on line 1 already; merge the two [one-entry-per-directory]`,
		}},
		{"not of the first level", "- {directory: a/b, matchLabels: {b: c}}\n- {directory: .., matchLabels: {b: c}}\n- {directory: /, matchLabels: {b: c}}", []string{
			`destination-selectors.yaml:1:15: "a/b" is not right below /kratix/output; name a directory of the first level, without a / [first-level-directory]`,
			`destination-selectors.yaml:2:15: ".." is not right below /kratix/output; name a directory of the first level, without a / [first-level-directory]`,
			`destination-selectors.yaml:3:15: "/" is not right below /kratix/output; name a directory of the first level, without a / [first-level-directory]`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseSelectors([]byte(c.in))
			var problems Problems
			require.True(t, errors.As(err, &problems), "%v", err)
			assert.Equal(t, c.want, lines(problems))
		})
	}
}
