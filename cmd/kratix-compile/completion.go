// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"

	"github.com/spf13/cobra"

	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
)

var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletion(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes commands and flags in a shell",
		Long: `Print a script that completes commands, flags and their values in a shell.

For "kubectl kratix-compile", link the program to the name kubectl asks for:
  ln -s kratix-compile DIR/kubectl_complete-kratix_compile`,
		Example: `  source <(kratix-compile completion bash)                         # in ~/.bashrc
  source <(kratix-compile completion zsh)                          # in ~/.zshrc
  kratix-compile completion fish | source                          # in config.fish
  kratix-compile completion powershell | Out-String | Invoke-Expression`,
		Args:                  oneArg("the name of a shell: " + flags.List(shells)),
		ValidArgs:             shells,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			var script bytes.Buffer
			if err := writeCompletion(cmd, args[0], &script); err != nil {
				return err
			}
			return s.print(script.Bytes())
		},
	}
}

func writeCompletion(cmd *cobra.Command, shell string, w io.Writer) error {
	root := cmd.Root()
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(w, true)
	case "zsh":
		return root.GenZshCompletion(w)
	case "fish":
		return root.GenFishCompletion(w, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(w)
	default:
		return misuse(cmd, "unknown shell %q; choose one of %s", shell, flags.List(shells))
	}
}

// complete offers the values of a flag in a shell.
func complete[T any](cmd *cobra.Command, flag string, values []T) {
	// The flag exists: it was bound a few lines above.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(flags.Spell(values), cobra.ShellCompDirectiveNoFileComp))
}

// completeFiles offers the files that a flag can read.
func completeFiles(cmd *cobra.Command, names ...string) {
	for _, flag := range names {
		_ = cmd.MarkFlagFilename(flag, "yaml", "yml", "json")
	}
}
