// SPDX-License-Identifier: Apache-2.0

// Command kratix-runner runs the workflows of Promises on Tekton or Argo, and writes Works
// of their results. Its command status shows a person how far they are, and preflight what
// happens to a cluster with Kratix if this program takes it over.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
)

func main() {
	root := newRoot()
	root.SetArgs(arguments(os.Args))
	err := root.ExecuteContext(ctrl.SetupSignalHandler())
	if err == nil {
		return
	}
	code := 1
	if e, ok := errors.AsType[console.Exit](err); ok {
		code = e.Code
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(os.Stderr, "kratix-runner:", text)
	}
	os.Exit(code)
}

// Names of this program under which its commands are those of another one: of kubectl, as krew
// spells them, with one more for completions, and of the Kratix CLI.
var plugins = map[string][]string{
	"kubectl-kratix-status":          {"status"}, // kubectl kratix status
	"kubectl_complete-kratix-status": {"__complete", "status"},
	"kubectl-kratix_status":          {"status"}, // kubectl kratix-status
	"kratix-status":                  {"status"},

	"kubectl-kratix-preflight":          {"preflight"}, // kubectl kratix preflight
	"kubectl_complete-kratix-preflight": {"__complete", "preflight"},
	"kratix-preflight":                  {"preflight"},
}

// arguments are those of the command line, after the command that the program's name stands for.
func arguments(argv []string) []string {
	name := strings.TrimSuffix(filepath.Base(argv[0]), ".exe")
	return append(plugins[name], argv[1:]...)
}
