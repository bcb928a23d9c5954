// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
)

// planFormat prints the plans, from which all engines start. No cluster takes them.
const planFormat manifest.Format = "plan"

var outputFormats = append(slices.Clone(manifest.Formats), planFormat)

type compileCommand struct {
	streams
	flags     options
	notes     bool
	format    manifest.Format
	outputDir string
}

func (c *compileCommand) bind(cmd *cobra.Command) {
	c.format = manifest.YAML
	c.flags.bind(cmd)
	section(cmd, outputFlags, func(set *pflag.FlagSet) {
		set.SortFlags = false
		set.VarP(flags.NewChoice(&c.format, outputFormats), "output", "o", "`FORMAT`: yaml, json, or plan, which shows people what all engines start from")
		set.Bool("version", false, "print the version and the engine APIs it writes, and nothing else")
		set.Var(flags.Checked{Value: &c.outputDir, Check: flags.Directory}, "output-dir", "write one file a workflow and engine below `DIR`, and remove stale ones")
	})
	section(cmd, findingFlags, func(set *pflag.FlagSet) { bindNotes(set, &c.notes) })
	complete(cmd, "output", outputFormats)
	_ = cmd.MarkFlagDirname("output-dir") // bound two lines above
}

func bindNotes(set *pflag.FlagSet, notes *bool) {
	set.BoolVar(notes, "notes", false, "also tell of silent translations")
}

func (c *compileCommand) run(cmd *cobra.Command) error {
	if c.outputDir != "" && c.format != manifest.YAML {
		return misuse(cmd, "--output-dir writes YAML; leave out -o %s", c.format)
	}
	r, err := c.flags.compile(cmd, c.streams, c.format)
	if err != nil {
		return err
	}
	if err := c.flags.show(r, c.notes, c.streams); err != nil {
		return err
	}
	if err := c.flags.verdict(r.diags); err != nil {
		return err
	}
	if c.outputDir != "" {
		return c.write(r.pages)
	}
	format := c.format
	if format == planFormat {
		format = manifest.YAML
	}
	return fileError(manifest.Join(c.out, distinct(r.pages), format))
}

func (c *compileCommand) write(pages []page) error {
	tree, err := render(pages)
	if err != nil {
		return fault(err)
	}
	written, err := tree.Write(c.outputDir)
	for _, path := range written.Removed {
		fmt.Fprintf(c.err, "removed %s\n", path)
	}
	if err != nil {
		return fileError(err)
	}
	fmt.Fprintf(c.err, "%s: %d written, %d removed, %d unchanged\n", c.outputDir, len(written.Wrote), len(written.Removed), written.Same)
	return nil
}

// print writes data to stdout, all at once.
func (s streams) print(data []byte) error {
	_, err := s.out.Write(data)
	return fileError(err)
}
