// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/cli/flags"
)

func newMatrix(s streams) *cobra.Command {
	format, formats := "markdown", []string{"markdown", "json"}
	cmd := &cobra.Command{
		Use:                   "matrix [-o markdown|json]",
		Short:                 "Print what becomes of every field, on every engine",
		Example:               `  kratix-compile matrix -o json`,
		Args:                  noArgs,
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			text, err := backends.Matrix(format)
			if err != nil {
				return fault(err)
			}
			return s.print(text)
		},
	}
	cmd.Flags().VarP(flags.NewChoice(&format, formats), "output", "o", "`FORMAT`: "+flags.List(formats))
	complete(cmd, "output", formats)
	return cmd
}
