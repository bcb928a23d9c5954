// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// Rule names what a file breaks; the names are stable.
type Rule string

// The rules. Those after RuleUnknownKey are only ever warned of.
const (
	// RuleReadable: the file is UTF-8 and YAML or JSON.
	RuleReadable Rule = "readable"
	// RuleSize: the file has at most MaxBytes, not too many values, and is not nested too deep.
	RuleSize Rule = "size"
	// RuleType: values are what the field wants: a list, a string, a whole number.
	RuleType Rule = "type"
	// RuleMatchLabels: every entry of the selectors has labels.
	RuleMatchLabels Rule = "match-labels"
	// RuleOneEntry: a directory has one entry in the selectors.
	RuleOneEntry Rule = "one-entry-per-directory"
	// RuleFirstLevel: the selectors name directories right below /kratix/output.
	RuleFirstLevel Rule = "first-level-directory"
	// RuleDirectory: the directories in the selectors exist.
	RuleDirectory Rule = "directory-exists"
	// RuleReservedKey: the status has no key kratix.
	RuleReservedKey Rule = "reserved-key"
	// RuleConditionType: every condition in the status has a type.
	RuleConditionType Rule = "condition-type"
	// RuleDuration: retryAfter is a duration of at least 0.
	RuleDuration Rule = "duration"

	// RuleUnknownKey: a key has a meaning.
	RuleUnknownKey Rule = "unknown-key"
	// RuleDuplicateKey: a key is written once.
	RuleDuplicateKey Rule = "duplicate-key"
	// RuleOneDocument: a file has one document; others are not read.
	RuleOneDocument Rule = "one-document"
	// RuleFileName: the file is spelt as Kratix spells it.
	RuleFileName Rule = "file-name"
	// RuleLabelSyntax: a Destination can have the labels.
	RuleLabelSyntax Rule = "label-syntax"
	// RuleLostKey: what is put into a Promise's status is kept there.
	RuleLostKey Rule = "lost-key"
	// RuleNoEffect: a message of the control file goes with a stop.
	RuleNoEffect Rule = "no-effect"
)

// ruleOf is the rule behind a finding of the parser.
func ruleOf(code diag.Code) Rule {
	switch code {
	case diag.TooLarge, diag.TooDeep:
		return RuleSize
	case diag.WrongType:
		return RuleType
	case diag.DuplicateKey:
		return RuleDuplicateKey
	case diag.UnknownField, diag.UnknownPromiseField:
		return RuleUnknownKey
	default:
		return RuleReadable
	}
}

// Problem is one thing that is wrong in a file.
type Problem struct {
	File string
	// Line and Col count from 1; they are 0 when it is the file as a whole.
	Line, Col int
	Rule      Rule
	// Message says what was found, then what to do about it.
	Message string
}

// String is file:line:col: message [rule].
func (p Problem) String() string {
	return fmt.Sprintf("%s: %s [%s]", diag.Pos{File: p.File, Line: p.Line, Col: p.Col}, p.Message, p.Rule)
}

// maxProblems is how many problems of a file are reported; more would not help.
const maxProblems = 20

// Problems are in the order of the files and, mostly, of their lines; at most 20
// of a file.
type Problems []Problem

// Error has a line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// place is where in a file a problem is; the zero place is the whole file.
type place struct{ line, col int }

func (ps *Problems) add(file string, at place, rule Rule, format string, args ...any) {
	p := Problem{File: file, Line: at.line, Col: at.col, Rule: rule, Message: fmt.Sprintf(format, args...)}
	if len(*ps) < maxProblems && !slices.Contains(*ps, p) {
		*ps = append(*ps, p)
	}
}
