package main

import (
	"github.com/spf13/cobra"

	"github.com/kratix-compile/kratix-compile/backends"
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
	cmd.Flags().VarP(newChoice(&format, formats), "output", "o", "`FORMAT`: "+list(formats))
	complete(cmd, "output", formats)
	return cmd
}
