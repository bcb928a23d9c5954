// SPDX-License-Identifier: Apache-2.0

// Package diag has the findings of the compiler. A finding has a stable code, a severity, a
// position and a field path. A stage returns values and a List; no stage prints.
package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity is what a finding does to a compilation; a higher one is worse.
type Severity int

const (
	// Note tells of a silent translation; it is shown on request.
	Note Severity = iota
	// Warning leaves the output as it is; --strict makes it an error.
	Warning
	// Error leaves no output.
	Error
)

var severities = []string{"note", "warning", "error"}

func (s Severity) String() string { return severities[s] }

// Diagnostic is one finding.
type Diagnostic struct {
	Code     Code
	Severity Severity
	Pos      Pos
	Path     string
	// Backend is set if the finding is about one engine only.
	Backend string
	// Message says what was found, then what to do about it.
	Message string
}

// String is the finding without its position, as in
//
//	spec.size: Unsupported value: "medium" [KC114]
func (d Diagnostic) String() string {
	if d.Path == "" {
		return fmt.Sprintf("%s [%s]", d.Message, d.Code)
	}
	return fmt.Sprintf("%s: %s [%s]", d.Path, d.Message, d.Code)
}

// List collects findings; its zero value is ready to use.
type List []Diagnostic

// Add reports a finding at a value. The code decides the severity.
func (l *List) Add(code Code, at At, format string, args ...any) {
	l.add(Diagnostic{Code: code, Pos: at.Pos(), Path: at.Path.String()}, format, args...)
}

// AddPos reports a finding at a position that has no path yet.
func (l *List) AddPos(code Code, pos Pos, format string, args ...any) {
	l.add(Diagnostic{Code: code, Pos: pos}, format, args...)
}

func (l *List) add(d Diagnostic, format string, args ...any) {
	d.Severity = code(d.Code).Severity
	d.Message = fmt.Sprintf(format, args...)
	*l = append(*l, d)
}

// Append adds the findings of a later stage.
func (l *List) Append(more List) { *l = append(*l, more...) }

// Mark says that the findings are those of one backend, and returns them.
func (l List) Mark(backend string) List {
	for i := range l {
		l[i].Backend = backend
	}
	return l
}

// Worst is the highest severity in the list. The second result tells whether the list has any
// finding.
func (l List) Worst() (Severity, bool) {
	worst := Note
	for _, d := range l {
		worst = max(worst, d.Severity)
	}
	return worst, len(l) > 0
}

// HasErrors tells whether output must be withheld.
func (l List) HasErrors() bool {
	worst, found := l.Worst()
	return found && worst == Error
}

// Errors returns the findings for which output is withheld.
func (l List) Errors() List {
	var out List
	for _, d := range l {
		if d.Severity == Error {
			out = append(out, d)
		}
	}
	return out
}

// Sorted returns the findings by file, line, column and code, each once. A finding that two
// backends report in the same words is one finding without a backend.
func (l List) Sorted() List {
	out := slices.Clone(l)
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message),
			cmp.Compare(a.Backend, b.Backend),
		)
	})
	merged := out[:0]
	for _, d := range out {
		if n := len(merged); n > 0 && sameWords(merged[n-1], d) {
			if merged[n-1].Backend != d.Backend {
				merged[n-1].Backend = ""
			}
			continue
		}
		merged = append(merged, d)
	}
	return merged.once()
}

// once keeps only the first finding in each file of each code that has Info.Once.
func (l List) once() List {
	type group struct {
		code          Code
		file, backend string
	}
	first, more := map[group]int{}, map[int]int{}
	out := make(List, 0, len(l))
	for _, d := range l {
		g := group{d.Code, d.Pos.File, d.Backend}
		at, seen := first[g]
		if !seen || !code(d.Code).Once {
			first[g] = len(out)
			out = append(out, d)
			continue
		}
		more[at]++
	}
	for at, n := range more {
		out[at].Message = fmt.Sprintf("%s (and %d more in this file)", out[at].Message, n)
	}
	return out
}

func sameWords(a, b Diagnostic) bool {
	a.Backend, b.Backend = "", ""
	return a == b
}
