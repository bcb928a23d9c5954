// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/cli/goldenfiles"
	"github.com/kratix-compile/kratix-compile/internal/cli/report"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/operator"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// result is what compile, lint and diff work on.
type result struct {
	pages   []goldenfiles.Page
	diags   diag.List
	sources sources
}

// compile reads what the flags name and runs the compiler. It fails for usage
// and files only; what is wrong in the documents is in the result.
func (f *options) compile(cmd *cobra.Command, s streams, format manifest.Format) (result, error) {
	if err := f.check(cmd); err != nil {
		return result{}, err
	}
	in, diags, err := f.read(s.in)
	if err != nil {
		return result{}, err
	}
	config, found, err := f.operatorConfig()
	if err != nil {
		return result{}, err
	}
	diags.Append(found)
	r := result{sources: newSources(in.Files, in.Requests, config)}
	opts := translate.Options{Kinds: f.kinds(), Plan: f.plan}
	known, err := f.images.load()
	if err != nil {
		return result{}, err
	}
	if f.images.resolve {
		wanted, found := translate.Images(in, opts)
		if r.diags = append(diags, found...).Sorted(); f.failed(r.diags) {
			return r, nil // no registry needs to be asked for that
		}
		if err := f.images.lookUp(cmd.Context(), wanted, known, s.err); err != nil {
			return result{}, err
		}
	}
	f.engine.Images = known
	opts.Backends = backends.New(f.chosen(), f.engine)
	r.pages, r.diags = translate.CompileAs(in, opts, func(o translate.Output) (goldenfiles.Page, error) { return printPage(o, format) })
	r.diags = append(diags, r.diags...).Sorted()
	if f.failed(r.diags) {
		r.pages = nil
		return r, nil
	}
	return r, f.images.keep(known)
}

// read begins with the files that were called requests, for they are, also if they lie in
// a directory of Promises. What lies in a directory of requests may have been called a
// Promise.
func (f *options) read(in io.Reader) (translate.Input, diag.List, error) {
	r := reader{stdin: in, stdinName: f.stdinName}
	directories := slices.DeleteFunc(slices.Clone(f.requests), func(name string) bool { return !isDirectory(name) })
	named := slices.DeleteFunc(slices.Clone(f.requests), isDirectory)
	requests, err := r.all(named)
	if err != nil {
		return translate.Input{}, nil, err
	}
	files, err := r.all(f.files)
	if err != nil {
		return translate.Input{}, nil, err
	}
	more, err := r.all(directories)
	expect(r.bytes)
	return translate.Input{Files: files, Requests: append(requests, more...)}, r.diags, err
}

func (f *options) operatorConfig() ([]parse.File, diag.List, error) {
	if f.config == "" {
		return nil, nil, nil
	}
	data, err := readFile(f.config)
	if err != nil {
		return nil, nil, err
	}
	file := parse.File{Name: f.config, Data: data}
	var diags diag.List
	f.plan.Config, diags = operator.Read(file)
	return []parse.File{file}, diags, nil
}

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
		return exit{code: exitBug, message: pleaseReport()}
	default:
		return exit{code: exitFindings}
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
	p := report.Printer{Format: report.Text, Color: f.colored(s.err), Source: r.sources}
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

// print writes data to stdout, all at once.
func (s streams) print(data []byte) error {
	_, err := s.out.Write(data)
	return fileError(err)
}

// colored follows --color, and for auto the terminal and NO_COLOR.
func (f *options) colored(w io.Writer) bool {
	if f.color != "auto" {
		return f.color == "always"
	}
	file, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd()))
}
