// SPDX-License-Identifier: Apache-2.0

// Package flags has the flags that kratix-compile and kratix-runner share, so that an
// installation is described to both in the same words.
package flags

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Choice is a flag that takes one of a few words.
type Choice[T ~string] struct {
	value   *T
	allowed []T
}

// NewChoice makes a flag from its value and the allowed words.
func NewChoice[T ~string](value *T, allowed []T) *Choice[T] { return &Choice[T]{value, allowed} }

func (c *Choice[T]) String() string {
	if c.value == nil {
		return ""
	}
	return string(*c.value)
}

// Set refuses every other word.
func (c *Choice[T]) Set(text string) error {
	if !slices.Contains(c.allowed, T(text)) {
		return fmt.Errorf("choose one of %s", List(c.allowed))
	}
	*c.value = T(text)
	return nil
}

// Type stands for the value in the help.
func (c *Choice[T]) Type() string { return "WORD" }

// Limit is a flag with a time limit in whole seconds, as engines take it.
type Limit struct{ Value *time.Duration }

func (l Limit) String() string {
	if l.Value == nil {
		return ""
	}
	return l.Value.String()
}

// Set refuses what engines would round.
func (l Limit) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d != d.Truncate(time.Second) {
		return errors.New("write whole seconds as in 90s, 30m or 2h, and 0 for none")
	}
	*l.Value = d
	return nil
}

// Type stands for the value in the help.
func (l Limit) Type() string { return "DURATION" }

// Spell is how the values of a flag are written.
func Spell[T any](values []T) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// List is the text that tells people their choices.
func List[T any](values []T) string { return strings.Join(Spell(values), ", ") }
