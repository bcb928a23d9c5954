// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
	"github.com/kratix-compile/kratix-compile/internal/cli/graph"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

type graphCommand struct {
	streams
	flags  options
	format graph.Format
}

func newGraph(s streams) *cobra.Command {
	c := &graphCommand{streams: s, format: graph.Mermaid, flags: options{color: console.Auto}}
	cmd := &cobra.Command{
		Use:   "graph [-f FILE|DIR|-]... [-o mermaid|dot]",
		Short: "Draw a Promise: its workflows, what they need, where files go",
		Long: `Draw Promises: what each offers, its workflows with their Pipelines and containers
in order, the Secrets and ConfigMaps that those need, its dependencies, the Promises
that it requires, and the Destinations that it selects. GitHub and GitLab show
mermaid in pages and reviews; graphviz makes pictures of dot.

What only shows when a Pipeline runs is not drawn: it may choose other Destinations.

Exit codes: 0 printed, 1 findings prevent it, 2 usage or files, 3 a fault in the
compiler.`,
		Example: `  kratix-compile graph -f promise.yaml                       # for a block of mermaid in a page
  kratix-compile graph -f promises/ -o dot | dot -Tsvg > promises.svg`,
		Args:                  noArgs,
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	cmd.Flags().SortFlags = false
	section(cmd, inputFlags, func(set *pflag.FlagSet) {
		set.SortFlags = false
		c.flags.bindFilename(set, "Promises")
		c.flags.bindStdinName(set)
	})
	section(cmd, outputFlags, func(set *pflag.FlagSet) {
		set.VarP(flags.NewChoice(&c.format, graph.Formats), "output", "o", "`FORMAT`: "+flags.List(graph.Formats))
	})
	section(cmd, findingFlags, c.flags.bindFindings)
	completeFiles(cmd, "filename")
	complete(cmd, "output", graph.Formats)
	complete(cmd, "color", console.Colors)
	return cmd
}

func (c *graphCommand) run(cmd *cobra.Command) error {
	if err := c.flags.check(cmd, planFormat); err != nil { // as the plan, a picture is of no engine
		return err
	}
	in, diags, err := c.flags.read(c.in)
	if err != nil {
		return err
	}
	loaded := translate.Load(in)
	found, notes := loaded.PromisesOnly()
	diags = slices.Concat(diags, loaded.Findings, notes)
	var promises []*parse.PromiseDoc
	for _, p := range found {
		diags.Append(p.Findings)
		promises = append(promises, p.PromiseDoc)
	}
	if len(promises) == 0 {
		diags.Append(loaded.Nothing(nil, "", diags))
	}
	r := result{diags: diags.Sorted(), sources: newSources(in.Files)}
	if err := c.flags.show(r, false, c.streams); err != nil {
		return err
	}
	if err := c.flags.verdict(r.diags); err != nil {
		return err
	}
	return c.print(graph.Of(promises).Print(c.format))
}
