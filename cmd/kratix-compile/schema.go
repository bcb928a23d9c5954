// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"

	"github.com/kratix-compile/kratix-compile/api/schema"
)

var schemas = map[string][]byte{"pipeline": schema.Pipeline, "promise": schema.Promise}

func newSchema(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [pipeline|promise]",
		Short: "Print the JSON schema of a Pipeline or a Promise, for editors",
		Long:  "Print the JSON schema of a Pipeline, or of a Promise with its Pipelines, for editors.",
		Example: `  kratix-compile schema promise > promise.schema.json
  # and as the first line of a Promise:
  # yaml-language-server: $schema=promise.schema.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && schemas[args[0]] == nil {
				return misuse(cmd, "schema takes one word: pipeline (the default) or promise")
			}
			return nil
		},
		ValidArgs:             []string{"pipeline", "promise"},
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"pipeline"}
			}
			return s.print(schemas[args[0]])
		},
	}
}
