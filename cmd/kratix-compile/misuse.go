// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
)

// misuse is an error that the help explains.
func misuse(cmd *cobra.Command, format string, args ...any) error {
	return console.Trouble("%s\nSee '%s --help' for usage.", fmt.Sprintf(format, args...), cmd.CommandPath())
}

func unknownCommand(root *cobra.Command, name string) error {
	if near := root.SuggestionsFor(name); len(near) > 0 {
		return misuse(root, "unknown command %q; did you mean %q?", name, near[0])
	}
	return misuse(root, "unknown command %q", name)
}

// noArgs is for commands that have flags only.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse(cmd, "%s takes no arguments, found %q", cmd.Name(), args[0])
	}
	return nil
}

// oneArg is for commands that want exactly one word.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return misuse(cmd, "%s wants %s, found %d arguments", cmd.Name(), what, len(args))
		}
		return nil
	}
}

// flagError words what the flag library found.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &missing):
		return misuse(cmd, "--%s needs a value", missing.GetFlag().Name)
	case errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "bool":
		return misuse(cmd, "--%s %q: write true or false, or no value", invalid.GetFlag().Name, invalid.GetValue())
	case errors.As(err, &invalid):
		return misuse(cmd, "--%s %q: %s", invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap())
	default:
		return misuse(cmd, "%s", err)
	}
}

func unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	name, written := unknown.GetSpecifiedName(), "--"+unknown.GetSpecifiedName()
	if group := unknown.GetSpecifiedShortnames(); group != "" {
		name, written = group, "-"+group // as in -backend
	}
	if near := nearestFlag(cmd, name); near != "" {
		return misuse(cmd, "unknown flag %s; did you mean --%s?", written, near)
	}
	return misuse(cmd, "unknown flag %s", written)
}

// nearestFlag guesses as cobra does for commands.
func nearestFlag(cmd *cobra.Command, name string) string {
	flags := &cobra.Command{SuggestionsMinimumDistance: 2}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	if near := flags.SuggestionsFor(name); len(near) > 0 {
		return near[0]
	}
	return ""
}
