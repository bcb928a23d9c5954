// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

func newExplain(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE|FIELD]",
		Short: "Explain a finding's code, or what becomes of a field",
		Long: `Explain the code of a finding, or what becomes of a field of a Pipeline on every
engine. Without an argument, list the codes.`,
		Example: `  kratix-compile explain KC407
  kratix-compile explain spec.containers.command
  kratix-compile explain restartPolicy`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misuse(cmd, "explain takes one code, as KC407, or one field, as spec.containers.command")
			}
			return nil
		},
		ValidArgsFunction: explainable,
		RunE: func(_ *cobra.Command, args []string) error {
			var text bytes.Buffer
			if err := explain(&text, args); err != nil {
				return err
			}
			return s.print(text.Bytes())
		},
	}
}

func explainable(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var all []string
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, i := range diag.Codes() {
		all = append(all, string(i.Code)+"\t"+i.Title)
	}
	for _, row := range backends.Coverage() {
		all = append(all, row.Field)
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

func explain(w io.Writer, args []string) error {
	if len(args) == 0 {
		listCodes(w)
		return nil
	}
	if info, ok := diag.Lookup(asCode(args[0])); ok {
		explainCode(w, info)
		return nil
	}
	rows := backends.FindCoverage(args[0])
	if len(rows) == 0 {
		return console.Trouble("%q is neither a code nor a field of a Pipeline%s\n"+
			"'kratix-compile explain' lists the codes, 'kratix-compile matrix' the fields.", args[0], suggestion(args[0]))
	}
	for i, row := range rows {
		if i > 0 {
			fmt.Fprintln(w)
		}
		explainField(w, row)
	}
	return nil
}

// asCode spells a code as we do: people write 407, kc407, KC-407 and [KC407].
func asCode(word string) diag.Code {
	word = strings.Trim(strings.ToUpper(word), "[]")
	return diag.Code("KC" + strings.TrimLeft(strings.TrimPrefix(word, "KC"), "-_ "))
}

// suggestion is the code or the field that was probably meant.
func suggestion(word string) string {
	var codes, fields []string
	for _, i := range diag.Codes() {
		codes = append(codes, string(i.Code))
	}
	for _, row := range backends.Coverage() {
		fields = append(fields, row.Field, row.Field[strings.LastIndexByte(row.Field, '.')+1:])
	}
	for i, candidates := range [][]string{fields, codes} {
		if i == 1 {
			word = string(asCode(word))
		}
		if near := parse.Nearest(word, candidates); near != "" {
			return fmt.Sprintf("; did you mean %s?", near)
		}
	}
	return ""
}

func listCodes(w io.Writer) {
	for _, i := range diag.Codes() {
		fmt.Fprintf(w, "%s  %-7s  %s\n", i.Code, i.Severity, i.Title)
	}
}

func explainCode(w io.Writer, info diag.Info) {
	fmt.Fprintf(w, "%s (%s): %s\n", info.Code, info.Severity, info.Title)
	if prose := strings.TrimSpace(info.Prose); prose != "" {
		fmt.Fprintf(w, "\n%s\n", prose)
	}
	if example := strings.TrimSpace(info.Example); example != "" {
		fmt.Fprintf(w, "\nExample:\n\n  %s\n", strings.ReplaceAll(example, "\n", "\n  "))
	}
}

func explainField(w io.Writer, row backends.Row) {
	fmt.Fprintf(w, "%s\n", row.Field)
	for _, column := range backends.Columns() {
		answer := row.Answers[column.Name]
		fmt.Fprintf(w, "  %-7s %s: %s\n", column.Name, answer.Fate, answer.Target)
	}
	if row.Note != "" {
		fmt.Fprintf(w, "  %s\n", row.Note)
	}
}
