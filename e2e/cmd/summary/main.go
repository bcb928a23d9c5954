// SPDX-License-Identifier: Apache-2.0

// Command summary reads what `go test -json` prints, shows what a person wants to see of it
// while the tests run, and counts at the end. It fails if a test has failed, or none has run.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// Ctrl-C is for the tests: they say how they end.
	signal.Ignore(syscall.SIGINT)
	r := newReport(os.Stdout)
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(1)
	}
	if !r.tell() {
		os.Exit(1)
	}
}
