// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/cli/report"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// failed tells whether the findings withhold the output.
func (f *options) failed(diags diag.List) bool {
	worst, found := diags.Worst()
	return found && (worst == diag.Error || worst == diag.Warning && f.strict)
}

// verdict is how the command ends after the findings were shown.
func (f *options) verdict(diags diag.List) error {
	switch {
	case !f.failed(diags):
		return nil
	case hasBug(diags):
		return console.Exit{Code: console.Bug, Message: pleaseReport()}
	default:
		return console.Exit{Code: console.Failed}
	}
}

func hasBug(diags diag.List) bool {
	return slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == diag.Bug })
}

// maxShown is how many findings a person is shown.
const maxShown = 200

// show prints findings for a person to stderr.
func (f *options) show(r result, notes bool, s streams) error {
	shown := slices.DeleteFunc(slices.Clone(r.diags), func(d diag.Diagnostic) bool { return d.Severity == diag.Note && !notes })
	if !notes {
		f.tell(r.diags, s.err)
	}
	rest := max(0, len(shown)-maxShown)
	p := report.Printer{Format: report.Text, Color: console.Colored(f.color, s.err), Source: r.sources}
	if err := p.Print(s.err, shown[:len(shown)-rest]); err != nil {
		return fileError(err)
	}
	if rest > 0 {
		fmt.Fprintf(s.err, "and %d more; kratix-compile lint shows all\n", rest)
	}
	return nil
}

// tell has the notes that are worth a line each.
func (f *options) tell(diags diag.List, w io.Writer) {
	for _, d := range diags {
		if info, _ := diag.Lookup(d.Code); info.Line && d.Severity == diag.Note {
			words := slices.DeleteFunc([]string{d.Pos.String(), d.Severity.String(), d.Backend, d.Message}, func(s string) bool { return s == "" })
			fmt.Fprintf(w, "%s [%s]\n", strings.Join(words, ": "), d.Code)
		}
	}
}
