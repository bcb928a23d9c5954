// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
	"github.com/kratix-compile/kratix-compile/internal/cli/report"
	"github.com/kratix-compile/kratix-compile/internal/release"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
)

type lintCommand struct {
	streams
	flags  options
	format report.Format
}

func newLint(s streams) *cobra.Command {
	c := &lintCommand{streams: s, format: report.Text}
	cmd := &cobra.Command{
		Use:   "lint [-f FILE|DIR|-]... [--backend tekton|argo|all]",
		Short: "Show all findings and no manifests",
		Long: `Show everything the compiler has to say, notes included, and print no manifests.
Without --backend, all are asked. The findings are this command's data: they go
to stdout.

Exit codes: 0 nothing worse than a warning, 1 an error (with --strict, a
warning), 2 usage or files, 3 a fault in the compiler.`,
		Example: `  kratix-compile lint -f promises/
  kratix-compile lint -f promise.yaml --format github        # annotations in a pull request
  kratix-compile lint -f promise.yaml --format sarif > findings.sarif
  kratix-compile lint -f - --stdin-filename promise.yaml     # from an editor`,
		Args:                  noArgs,
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	c.flags.bind(cmd, backends.Names()...)
	section(cmd, findingFlags, func(set *pflag.FlagSet) {
		set.Var(flags.NewChoice(&c.format, report.Formats), "format", "`FORMAT` of the findings: "+flags.List(report.Formats))
	})
	complete(cmd, "format", report.Formats)
	return cmd
}

func (c *lintCommand) run(cmd *cobra.Command) error {
	r, err := c.flags.compile(cmd, c.streams, manifest.YAML)
	if err != nil {
		return err
	}
	p := report.Printer{Format: c.format, Color: console.Colored(c.flags.color, c.out), Source: r.sources, Version: release.Version()}
	if err := p.Print(c.out, r.diags); err != nil {
		return fileError(err)
	}
	return c.flags.verdict(r.diags)
}
