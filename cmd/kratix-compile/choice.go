package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// choice is a flag that takes one of a few words.
type choice[T ~string] struct {
	value   *T
	allowed []T
}

func newChoice[T ~string](value *T, allowed []T) *choice[T] { return &choice[T]{value, allowed} }

func (c *choice[T]) String() string {
	if c.value == nil {
		return ""
	}
	return string(*c.value)
}

func (c *choice[T]) Set(text string) error {
	if !slices.Contains(c.allowed, T(text)) {
		return fmt.Errorf("choose one of %s", list(c.allowed))
	}
	*c.value = T(text)
	return nil
}

func (c *choice[T]) Type() string { return "WORD" }

// limit is a flag that takes a time limit in whole seconds, because engines do.
type limit struct{ value *time.Duration }

func (l limit) String() string {
	if l.value == nil {
		return ""
	}
	return l.value.String()
}

func (l limit) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d != d.Truncate(time.Second) {
		return errors.New("write whole seconds as in 90s, 30m or 2h, and 0 for none")
	}
	*l.value = d
	return nil
}

func (l limit) Type() string { return "DURATION" }

// spell is how the values of a flag are written.
func spell[T any](values []T) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

func list[T any](values []T) string { return strings.Join(spell(values), ", ") }

// complete offers the values of a flag in a shell.
func complete[T any](cmd *cobra.Command, flag string, values []T) {
	// The flag exists: it was bound a few lines above.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(spell(values), cobra.ShellCompDirectiveNoFileComp))
}

// completeFiles offers the files that a flag can read.
func completeFiles(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		_ = cmd.MarkFlagFilename(flag, "yaml", "yml", "json")
	}
}
