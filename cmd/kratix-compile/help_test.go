// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
)

func commands() []*cobra.Command {
	root := newRoot("kratix-compile", streams{})
	all := []*cobra.Command{root}
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			all = append(all, c)
		}
	}
	return all
}

func TestEveryHelp(t *testing.T) {
	for _, c := range commands() {
		t.Run(c.Name(), func(t *testing.T) {
			var out bytes.Buffer
			args := append(strings.Fields(c.CommandPath()), "--help")
			require.Equal(t, console.OK, run(args, streams{out: &out, err: &out}))
			text := out.String()
			assert.Contains(t, text, "\nUsage:\n  "+c.CommandPath())
			assert.Contains(t, text, "\nExamples:\n")
			assert.Contains(t, text, "\nFlags:\n  -h, --help")
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				assert.LessOrEqual(t, utf8.RuneCountInString(line), helpWidth, line)
				assert.Equal(t, strings.TrimRight(line, " "), line)
			}
		})
	}
}

func TestEveryFlagOfTheCompilerHasAHeading(t *testing.T) {
	for _, c := range commands() {
		if c.Flags().Lookup("filename") == nil {
			continue
		}
		assert.Equal(t, "  -h, --help   help for "+c.Name()+"\n", helpFlag(c), c.Name())
	}
}

func helpFlag(c *cobra.Command) string {
	c.InitDefaultHelpFlag()
	return under(c, otherFlags).FlagUsages()
}
