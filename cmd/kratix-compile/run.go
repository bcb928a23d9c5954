// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
	"github.com/kratix-compile/kratix-compile/internal/local"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// runCommand runs Pipelines on the container engine of this machine.
type runCommand struct {
	streams
	flags options
	notes bool
	// workflow is one of the workflows, all, or empty for the configure workflows.
	workflow     string
	objects      []string
	destinations []string
	engine       string
	kubeconfig   string
	timeout      time.Duration
	keep, dryRun bool
	outputDir    string
	expect       string
	update       bool
	format       string
}

// The formats of -o.
const (
	treeFormat = "tree"
	jsonFormat = "json"
)

var runFormats = []string{treeFormat, jsonFormat}

func newRun(s streams) *cobra.Command {
	c := &runCommand{streams: s, format: treeFormat}
	cmd := &cobra.Command{
		Use:   "run [-f FILE|DIR|-]... [--request FILE|DIR|-]...",
		Short: "Run a Promise's Pipelines in containers of this machine",
		Long: `Run the Pipelines of Promises with docker or podman, without a cluster, and show
what they write: files, for which Destinations, and the status.

Runs promise-configure, then resource-configure for each request. Containers get
what they get in a cluster: their words and variables, /kratix/input, users and
limits. stdout has the results; progress and the containers' logs go to stderr.

Exit codes: 0 done, 1 findings, a container failed, or the output is not as
expected, 2 usage, files or no container engine, 3 a fault in the compiler.`,
		Example: `  kratix-compile run -f promise.yaml --request request.yaml
  kratix-compile run -f promise.yaml --objects secrets.yaml --destinations destinations.yaml

  # Keep golden files of what the Pipelines write, and compare them in CI
  kratix-compile run -f promise.yaml --request request.yaml --expect golden/ --update
  kratix-compile run -f promise.yaml --request request.yaml --expect golden/`,
		Args:                  noArgs,
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	c.bind(cmd)
	return cmd
}

func (c *runCommand) bind(cmd *cobra.Command) {
	c.flags.plan, c.flags.color = plan.Defaults(), console.Auto
	cmd.Flags().SortFlags = false
	section(cmd, inputFlags, func(set *pflag.FlagSet) {
		c.flags.bindInput(set, "Promises")
		set.StringArrayVar(&c.objects, "objects", nil, "`FILE` or directory with the Secrets and ConfigMaps that Pipelines refer to; may be repeated")
		set.StringArrayVar(&c.destinations, "destinations", nil, "`FILE` or directory with Destinations and State Stores: show the path of every file there; may be repeated")
	})
	section(cmd, runFlags, c.bindRun)
	section(cmd, outputFlags, c.bindOutput)
	section(cmd, findingFlags, func(set *pflag.FlagSet) {
		c.flags.bindFindings(set)
		bindNotes(set, &c.notes)
	})
	completeFiles(cmd, "filename", "request", "config", "objects", "destinations", "api")
	complete(cmd, "workflow", workflows)
	complete(cmd, "color", console.Colors)
	complete(cmd, "output", runFormats)
	complete(cmd, "container-engine", local.Engines)
	_ = cmd.MarkFlagDirname("output-dir") // both are bound above
	_ = cmd.MarkFlagDirname("expect")
}

func (c *runCommand) bindRun(set *pflag.FlagSet) {
	set.SortFlags = false
	set.Var(flags.NewChoice(&c.workflow, workflows), "workflow", "`WORKFLOW` to run: "+flags.List(workflows)+"; without it, both configure workflows")
	set.StringVar(&c.flags.plan.Pipeline, "pipeline", "", "run only the Pipeline of this `NAME`")
	set.StringVar(&c.engine, "container-engine", "", "`NAME` or path of the container engine: docker or podman; without it, the first one that answers")
	set.StringVar(&c.kubeconfig, "api", "", "give containers this `KUBECONFIG` and the network of the host, to call an API server")
	set.Var(flags.Limit{Value: &c.timeout}, "timeout", "`DURATION` of the whole run at most; 0 for no limit but those of Pipelines")
	set.BoolVar(&c.keep, "keep", false, "leave containers and volumes, and say how to remove them")
	set.BoolVar(&c.dryRun, "dry-run", false, "print the command lines of the container engine, and run none of them")
}

func (c *runCommand) bindOutput(set *pflag.FlagSet) {
	set.SortFlags = false
	set.VarP(flags.NewChoice(&c.format, runFormats), "output", "o", "`FORMAT`: tree, or json for programs")
	set.Var(flags.Checked{Value: &c.outputDir, Check: flags.Directory}, "output-dir", "write the files below `DIR`/PROMISE/WORKFLOW/PIPELINE, and remove stale ones")
	set.Var(flags.Checked{Value: &c.expect, Check: flags.Directory}, "expect", "compare the files with those below `DIR`, and print the differences")
	set.BoolVar(&c.update, "update", false, "with --expect: rewrite what differs")
}

// check reports flags that do not go together.
func (c *runCommand) check(cmd *cobra.Command) error {
	switch {
	case c.update && c.expect == "":
		return misuse(cmd, "--update rewrites what --expect compares with; give both")
	case c.expect != "" && c.outputDir != "":
		return misuse(cmd, "--expect and --output-dir both say where files are; give one of them")
	case c.format == jsonFormat && c.expect != "" && !c.update:
		return misuse(cmd, "--expect prints differences, which are no JSON; leave out -o json")
	case c.dryRun && (c.expect != "" || c.outputDir != "" || c.keep):
		return misuse(cmd, "--dry-run runs nothing; leave out --expect, --output-dir and --keep")
	case slices.Contains(c.objects, stdin) || slices.Contains(c.destinations, stdin):
		return misuse(cmd, "--objects and --destinations read files and directories; stdin is for -f and --request")
	}
	return c.flags.check(cmd, planFormat)
}

// kinds are the workflows to run, in the order of a Promise's life.
func (c *runCommand) kinds() []workflow.Kind {
	return slices.DeleteFunc(slices.Clone(workflow.Kinds), func(k workflow.Kind) bool {
		switch c.workflow {
		case "":
			return k.Action != workflow.Configure
		case allWorkflows:
			return false
		}
		return c.workflow != k.String()
	})
}

func (c *runCommand) run(cmd *cobra.Command) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	todo, err := c.prepare()
	if err != nil {
		return err
	}
	outcomes, err := c.execute(cmd.Context(), todo)
	if err != nil || c.dryRun {
		return err
	}
	return c.conclude(todo, outcomes)
}

// conclude shows what the Pipelines have written, or compares it.
func (c *runCommand) conclude(todo *toRun, outcomes []local.Outcome) error {
	golden := goldenOutputs(todo, outcomes, c.flags.plan.Pipeline)
	if c.expect != "" && !c.update {
		return c.compare(golden)
	}
	report := local.Report{Workflows: []local.WorkflowReport{}}
	for _, o := range outcomes {
		report.Workflows = append(report.Workflows, o.Report(todo.stores))
	}
	if dir := c.outputDir + c.expect; dir != "" { // one of them is empty
		written, err := golden.Write(dir)
		if err != nil {
			return fileError(err)
		}
		c.tellWritten(dir, written)
	}
	if c.format == treeFormat {
		return fileError(report.Print(c.out))
	}
	data, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fault(err)
	}
	return c.print(append(data, '\n'))
}

// statusText is status.yaml of a golden folder.
func statusText(status map[string]any) []byte {
	text, err := manifest.Text(status)
	if err != nil {
		panic(fmt.Sprintf("print a status: %v", err)) // it was read from YAML
	}
	return text
}
