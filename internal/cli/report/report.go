// SPDX-License-Identifier: Apache-2.0

// Package report prints findings for people and for the tools that show them:
// as text with the line and a caret, as JSON, as SARIF, as GitHub annotations.
package report

import (
	"io"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// Format is a way to print findings.
type Format string

// The formats of lint --format.
const (
	Text   Format = "text"
	JSON   Format = "json"
	SARIF  Format = "sarif"
	GitHub Format = "github"
)

// Formats are the values of lint --format.
var Formats = []Format{Text, JSON, SARIF, GitHub}

// Source finds the text of a line, counted from 1; "" if there is none.
type Source interface {
	Line(file string, n int) string
}

// Printer prints findings in one format.
type Printer struct {
	Format Format
	// Color allows terminal colours in Text.
	Color bool
	// Source shows the line under a finding in Text; nil shows none.
	Source Source
	// Version is the tool's version, for SARIF.
	Version string
}

// Print writes all findings at once. The list must be sorted.
func (p Printer) Print(w io.Writer, diags diag.List) error {
	switch p.Format {
	case JSON:
		return printJSON(w, diags)
	case SARIF:
		return printSARIF(w, diags, p.Version)
	case GitHub:
		return printGitHub(w, diags)
	default:
		return p.printText(w, diags)
	}
}

// message is the finding's text, with the backend that minds.
func message(d diag.Diagnostic) string {
	if d.Backend == "" {
		return d.Message
	}
	return d.Backend + ": " + d.Message
}
