// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/release"
)

// stackVariable is the environment variable that shows where a fault happened.
const stackVariable = "KRATIX_COMPILE_STACK"

// completePlugin is the name under which kubectl asks a plugin for completions.
const completePlugin = "kubectl_complete-kratix_compile"

// streams are the process's own; stdout is data and stderr is words.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// fault is an error that only a mistake in the compiler can cause.
func fault(what any) error {
	return console.Exit{Code: console.Bug, Message: fmt.Sprintf("%v\n%s", what, pleaseReport())}
}

func pleaseReport() string {
	return "This is a fault in kratix-compile " + release.Version() + ", not in your input. Please report it with the input at\n" +
		"https://github.com/kratix-compile/kratix-compile/issues"
}

// run is the whole command. It recovers in this one place, so that a fault of the compiler ends
// with words and with its own exit code.
func run(argv []string, s streams) (code int) {
	defer func() {
		if what := recover(); what != nil {
			code = conclude(fault(what), s.err)
			showStack(s.err, debug.Stack())
		}
	}()
	root := newRoot(commandName(argv[0]), s)
	root.SetArgs(arguments(argv))
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	return conclude(root.Execute(), s.err)
}

func conclude(err error, w io.Writer) int {
	if err == nil {
		return console.OK
	}
	code := console.Usage
	if e, ok := errors.AsType[console.Exit](err); ok {
		code = e.Code
	}
	if errors.Is(err, syscall.EPIPE) { // the reader closed the pipe, as head does
		return code
	}
	if text := err.Error(); text != "" {
		fmt.Fprintf(w, "error: %s\n", text)
	}
	return code
}

func showStack(w io.Writer, stack []byte) {
	if os.Getenv(stackVariable) == "" {
		fmt.Fprintf(w, "With %s=1 in the environment it also says where it happened.\n", stackVariable)
		return
	}
	_, _ = w.Write(stack)
}

// commandName is the name that the user called: our own name, a plugin of kubectl (whose files
// have an underscore for a dash), or another name.
func commandName(argv0 string) string {
	base := programName(argv0)
	if plugin, ok := strings.CutPrefix(base, "kubectl-"); ok {
		return "kubectl " + strings.ReplaceAll(plugin, "_", "-")
	}
	return base
}

func arguments(argv []string) []string {
	if programName(argv[0]) == completePlugin {
		return append([]string{"__complete"}, argv[1:]...)
	}
	return argv[1:]
}

func programName(argv0 string) string {
	return strings.TrimSuffix(filepath.Base(argv0), ".exe")
}
