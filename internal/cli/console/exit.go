// SPDX-License-Identifier: Apache-2.0

// Package console is how a program speaks to a person at a terminal: with which code it ends,
// and whether its text has colours.
package console

import "fmt"

// Exit codes of kratix-compile (docs/cli.md) and of kratix-runner status (docs/status.md).
const (
	OK          = 0
	Failed      = 1 // findings, a difference, or an object that fails
	Usage       = 2
	Bug         = 3
	Timeout     = 4
	Interrupted = 130 // as shells say of a program that Ctrl-C ended
)

// Exit ends the program with a code. Without a message, what is to be said has been said.
type Exit struct {
	Code    int
	Message string
	Cause   error
}

func (e Exit) Error() string { return e.Message }

func (e Exit) Unwrap() error { return e.Cause }

// Trouble is an error of usage or of the machine: a wrong flag, a missing file.
func Trouble(format string, args ...any) error {
	return Exit{Code: Usage, Message: fmt.Sprintf(format, args...)}
}
