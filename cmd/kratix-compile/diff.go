// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/cli/goldenfiles"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
)

type diffCommand struct {
	streams
	flags options
	notes bool
}

func newDiff(s streams) *cobra.Command {
	c := &diffCommand{streams: s}
	cmd := &cobra.Command{
		Use:   "diff DIR [-f FILE|DIR|-]... --backend tekton|argo|all",
		Short: "Compare golden files with what the compiler prints now",
		Long: `Compare a directory that --output-dir wrote with what the compiler prints now,
and show the unified diff from the golden files to the compiled ones.

Exit codes, as kubectl diff: 0 same, 1 differs, 2 or more trouble.`,
		Example:               `  kratix-compile diff golden/ -f promises/ --backend all`,
		Args:                  oneArg("one directory of golden files, as --output-dir wrote it"),
		DisableFlagsInUseLine: true,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args[0]) },
	}
	c.flags.bind(cmd)
	section(cmd, findingFlags, func(set *pflag.FlagSet) { bindNotes(set, &c.notes) })
	return cmd
}

func (c *diffCommand) run(cmd *cobra.Command, dir string) error {
	r, err := c.flags.compile(cmd, c.streams, manifest.YAML)
	if err != nil {
		return err
	}
	if err := c.flags.show(r, c.notes, c.streams); err != nil {
		return err
	}
	switch {
	case hasBug(r.diags):
		return c.flags.verdict(r.diags)
	case c.flags.failed(r.diags):
		return console.Trouble("nothing was compared: the findings above prevent compiling")
	}
	old, err := goldenfiles.Read(dir)
	if err != nil {
		return fileError(err)
	}
	now, err := render(r.pages)
	if err != nil {
		return fault(err)
	}
	changes := goldenfiles.Diff(old, now)
	if len(changes) == 0 {
		return nil
	}
	if err := c.print(changes); err != nil {
		return err
	}
	fmt.Fprintf(c.err, "%s is not what the compiler prints now; if it should be, compile with --output-dir %s\n", dir, dir)
	return console.Exit{Code: console.Failed}
}
