// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// options are what compile, lint and diff have in common. Other commands have some of them.
type options struct {
	files         []string
	requests      []string
	stdinName     string
	config        string
	engineNames   []string
	workflow      string
	strict        bool
	color         string
	plan          plan.Options
	engineOptions backends.Options
	images        imageFlags
}

const allWorkflows = "all"

var (
	workflows    = append(flags.Spell(workflow.Kinds), allWorkflows)
	backendNames = append(backends.Names(), allBackends)
)

// bind gives a command the flags. If the user gives no --backend, the command uses fallback.
func (f *options) bind(cmd *cobra.Command, fallback ...string) {
	f.plan, f.engineOptions = plan.Defaults(), backends.Defaults()
	f.workflow, f.color = allWorkflows, console.Auto
	cmd.Flags().SortFlags = false
	section(cmd, inputFlags, func(set *pflag.FlagSet) { f.bindInput(set, "Promises, or with Jobs that Kratix made") })
	section(cmd, chosenFlags, func(set *pflag.FlagSet) { f.bindChoice(set, fallback) })
	section(cmd, findingFlags, f.bindFindings)
	section(cmd, imageSection, f.images.bind)
	section(cmd, installation, func(set *pflag.FlagSet) { flags.Installation(set, &f.plan, &f.engineOptions) })

	completeFiles(cmd, "filename", "request", "config", "image-config", "save-image-config")
	complete(cmd, "backend", backendNames)
	complete(cmd, "workflow", workflows)
	complete(cmd, "color", console.Colors)
	complete(cmd, "user-token", plan.TokenModes)
	for _, e := range backends.Engines() {
		for _, o := range e.Compiler.Options() {
			if o.Choices != nil {
				complete(cmd, o.Name, o.Choices)
			}
		}
	}
}

func (f *options) bindInput(set *pflag.FlagSet, with string) {
	set.SortFlags = false
	f.bindFilename(set, with)
	set.StringArrayVar(&f.requests, "request", nil, "`FILE`, directory or - for stdin with requests for the Promises; may be repeated")
	f.bindStdinName(set)
	set.StringVar(&f.config, "config", "", "`FILE` with the operator's configuration in Kratix's format: the ConfigMap kratix, or its key config")
}

func (f *options) bindFilename(set *pflag.FlagSet, with string) {
	set.StringArrayVarP(&f.files, "filename", "f", nil, "`FILE`, directory or - for stdin with "+with+"; may be repeated")
}

func (f *options) bindStdinName(set *pflag.FlagSet) {
	set.StringVar(&f.stdinName, "stdin-filename", "", "`NAME` of what stdin holds, for findings; editors give it")
}

func (f *options) bindChoice(set *pflag.FlagSet, fallback []string) {
	set.SortFlags = false
	set.StringSliceVar(&f.engineNames, "backend", fallback, "`ENGINE` to compile for: "+flags.List(backendNames)+"; may be repeated")
	set.Var(flags.NewChoice(&f.workflow, workflows), "workflow", "`WORKFLOW` to compile: "+flags.List(workflows))
	set.StringVar(&f.plan.Pipeline, "pipeline", "", "compile only the Pipeline of this `NAME`")
}

func (f *options) bindFindings(set *pflag.FlagSet) {
	set.SortFlags = false
	set.BoolVar(&f.strict, "strict", false, "let warnings fail, too")
	set.Var(flags.NewChoice(&f.color, console.Colors), "color", "`WHEN` findings have colours: "+flags.List(console.Colors)+"; auto is on terminals without NO_COLOR")
}

// check reports flags that do not go together, before any file is read.
func (f *options) check(cmd *cobra.Command, format manifest.Format) error {
	fromStdin := slices.Contains(f.files, stdin) || slices.Contains(f.requests, stdin)
	switch {
	case len(f.files) == 0:
		return misuse(cmd, "no input: give -f FILE, -f DIR, or -f - for stdin")
	case len(f.engineNames) == 0 && format != planFormat:
		return misuse(cmd, "no --backend: choose one of %s", flags.List(backendNames))
	case slices.Contains(f.files, stdin) && slices.Contains(f.requests, stdin):
		return console.Trouble("-f - and --request - both want stdin; requests may be in the same stream as the Promise")
	case f.stdinName != "" && !fromStdin:
		return misuse(cmd, "--stdin-filename names what -f - reads, and there is no -f -")
	}
	for _, b := range f.engineNames {
		if !slices.Contains(backendNames, b) {
			return misuse(cmd, "--backend %q: choose one of %s", b, flags.List(backendNames))
		}
	}
	return f.images.check(cmd)
}

// kinds are the workflows asked for; none means all that there are.
func (f *options) kinds() []workflow.Kind {
	return slices.DeleteFunc(slices.Clone(workflow.Kinds), func(k workflow.Kind) bool {
		return f.workflow == allWorkflows || f.workflow != k.String()
	})
}

const allBackends = "all"

// chosen are the engines asked for.
func (f *options) chosen() []string {
	if slices.Contains(f.engineNames, allBackends) {
		return backends.Names()
	}
	return f.engineNames
}
