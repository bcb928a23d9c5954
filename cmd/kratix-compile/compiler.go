// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/check"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/operator"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// result is what compile, lint and diff work on.
type result struct {
	pages   []page
	diags   diag.List
	sources sources
}

// compile reads what the flags name and runs the compiler. What is wrong in
// the documents is in the result. An error is about usage, a file, or a registry that does not
// answer, or means that somebody has interrupted.
func (f *options) compile(cmd *cobra.Command, s streams, format manifest.Format) (result, error) {
	if err := f.check(cmd, format); err != nil {
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
	known, err := f.images.load()
	if err != nil {
		return result{}, err
	}
	r := result{sources: newSources(in.Files, in.Requests, config)}
	loaded := translate.Load(in)
	diags = slices.Concat(diags, found, loaded.Findings)
	if f.images.resolve {
		wanted, found := f.commandless(loaded)
		if r.diags = slices.Concat(diags, found).Sorted(); f.failed(r.diags) {
			return r, nil // no registry needs to be asked for that
		}
		if err := f.images.lookUp(cmd.Context(), wanted, known, s.err); err != nil {
			return result{}, err
		}
	}
	f.engineOptions.Images = known
	r.pages, found = f.pages(loaded, format)
	if diags.Append(found); len(r.pages) == 0 {
		diags.Append(loaded.Nothing(f.kinds(), f.plan.Pipeline, diags))
	}
	if r.diags = diags.Sorted(); f.failed(r.diags) {
		r.pages = nil
		return r, nil
	}
	return r, f.images.keep(known)
}

// pages plans the workflows of every Promise and Job, lets the engines compile the plans, and
// prints what comes of them. Each is let go as soon as it is printed: of a thousand Promises only
// the printed bytes stay in memory.
func (f *options) pages(loaded *translate.Loaded, format manifest.Format) (pages []page, diags diag.List) {
	compilers := backends.New(f.chosen(), f.engineOptions)
	results := make([]printer, len(loaded.Sources))
	loaded.Each(func(i int, s translate.Source) {
		workflows, found := s.Workflows(f.kinds(), f.plan)
		out := printer{format: format, pos: s.Pos(), diags: found}
		for _, w := range workflows {
			if format == planFormat {
				out.plan(w)
				continue
			}
			for _, compiler := range compilers {
				objects, found := compiler.Compile(w)
				out.diags.Append(found)
				out.objects(w, compiler.Name(), objects)
			}
		}
		results[i], loaded.Sources[i] = out, nil
	})
	for _, r := range results {
		pages = append(pages, r.pages...)
		diags.Append(r.diags)
	}
	return pages, diags
}

// read reads the files that --request names first: such a file is a request even if it lies in
// a directory that -f names. A directory that --request names comes last: a Promise in it may
// be one that -f names.
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
	tuneGC(r.bytes)
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
	diags.Append(check.Config(f.plan.Config))
	return []parse.File{file}, diags, nil
}
