// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is the width of help texts. It does not follow the terminal, because issues and
// documents quote the texts.
const helpWidth = 100

// sectionKey is the annotation with the heading of a flag in the help.
const sectionKey = "kratix-compile.io/section"

// section binds flags under one heading of the help.
func section(cmd *cobra.Command, title string, bind func(*pflag.FlagSet)) {
	set := pflag.NewFlagSet(title, pflag.ContinueOnError)
	bind(set)
	set.VisitAll(func(f *pflag.Flag) { f.Annotations = map[string][]string{sectionKey: {title}} })
	cmd.Flags().AddFlagSet(set)
}

func printHelp(cmd *cobra.Command, _ []string) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n%s", text, usage(cmd))
}

func printUsage(cmd *cobra.Command) error {
	_, err := fmt.Fprint(cmd.OutOrStderr(), usage(cmd))
	return err
}

// usage is the help without its first paragraphs.
func usage(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n", cmd.UseLine())
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s COMMAND\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", strings.ReplaceAll(cmd.Example, "kratix-compile ", cmd.Root().CommandPath()+" "))
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-11s %s\n", c.Name(), c.Short)
			}
		}
	}
	for _, title := range headings {
		if flags := under(cmd, title); flags.HasFlags() {
			fmt.Fprintf(&b, "\n%s:\n%s", title, flags.FlagUsagesWrapped(helpWidth))
		}
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n%q shows the flags of a command.\n", cmd.CommandPath()+" COMMAND --help")
	}
	return b.String()
}

// Headings of the help, in the order in which it shows them.
const (
	inputFlags   = "Input"
	chosenFlags  = "What to compile"
	runFlags     = "What to run, and where"
	outputFlags  = "Output"
	findingFlags = "Findings"
	imageSection = "Images"
	installation = "Installation"
	otherFlags   = "Flags"
)

var headings = []string{inputFlags, chosenFlags, runFlags, outputFlags, findingFlags, imageSection, installation, otherFlags}

func titleOf(f *pflag.Flag) string {
	if t := f.Annotations[sectionKey]; len(t) > 0 {
		return t[0]
	}
	return otherFlags
}

// under are the flags of a heading.
func under(cmd *cobra.Command, title string) *pflag.FlagSet {
	set := pflag.NewFlagSet(title, pflag.ContinueOnError)
	set.SortFlags = false
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if titleOf(f) == title {
			set.AddFlag(f)
		}
	})
	return set
}
