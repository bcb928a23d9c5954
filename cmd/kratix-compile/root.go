// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kratix-compile/kratix-compile/internal/release"
)

func newRoot(name string, s streams) *cobra.Command {
	c := &compileCommand{streams: s}
	root := &cobra.Command{
		Use:   "kratix-compile [-f FILE|DIR|-]... --backend tekton|argo|all",
		Short: "Compile Kratix Pipelines to Tekton TaskRuns or Argo Workflows",
		Long: `Compile the Pipelines of Kratix Promises to Tekton TaskRuns or Argo Workflows.

Prints the manifests that run a Promise's workflows on the engine you operate:
service accounts and roles, the ConfigMap behind /kratix/input, and one TaskRun
a Pipeline or one Workflow a Kratix workflow. Without a request for the
Promise's API, a sample made from the API's schema is compiled. A Job that an
installed Kratix has made becomes what would run in its place. Nothing is asked
of a cluster, and nothing is changed in one.

Exit codes: 0 printed, 1 findings prevent it, 2 usage or files, 3 a fault in
the compiler.`,
		Example: `  # What would the Promise's workflows be on Tekton?
  kratix-compile -f promise.yaml --backend tekton

  # One workflow, for a real request, with the Promise from a cluster
  kubectl get promise redis -o yaml | kratix-compile -f - --request request.yaml \
      --backend argo --workflow resource-configure

  # What would run in the place of a Job that Kratix has made?
  kubectl get job NAME -o yaml | kratix-compile -f - --backend tekton

  # Keep golden files of all Promises of a directory, and compare them in CI
  kratix-compile -f promises/ --backend all --output-dir golden/
  kratix-compile diff golden/ -f promises/ --backend all`,
		Args:                       onlyCommands,
		SilenceUsage:               true,
		SilenceErrors:              true,
		DisableFlagsInUseLine:      true,
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true}, // ours is newCompletion
		RunE:                       func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
		Annotations:                map[string]string{cobra.CommandDisplayNameAnnotation: name},
	}
	c.bind(root)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(printHelp)
	root.SetUsageFunc(printUsage)
	root.SetHelpCommand(newHelp())
	root.Version = release.Version()
	root.SetVersionTemplate(string(newVersionInfo().text()))
	root.AddCommand(newRun(s), newLint(s), newDiff(s), newExplain(s), newSchema(s), newMatrix(s), newGraph(s), newCompletion(s), newVersion(s))
	return root
}

// onlyCommands refuses words after the root command. Such a word is a misspelt command, or a
// file without -f.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if _, err := os.Stat(args[0]); err == nil {
		return misuse(cmd, "input is given with -f: write -f %s", args[0])
	}
	return unknownCommand(cmd, args[0])
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:                   "help [COMMAND]",
		Short:                 "Show the help of a command",
		DisableFlagsInUseLine: true,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, c := range cmd.Root().Commands() {
				names = append(names, c.Name()+"\t"+c.Short)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd.Root(), strings.Join(args, " "))
			}
			target.InitDefaultHelpFlag()
			return target.Help()
		},
	}
}
