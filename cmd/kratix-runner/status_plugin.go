// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"strings"
)

// Names under which status is a command of other programs: of kubectl, which also asks for
// completions, as krew spells them, and of the Kratix CLI.
var plugins = map[string][]string{
	"kubectl-kratix-status":          {"status"}, // kubectl kratix status
	"kubectl_complete-kratix-status": {"__complete", "status"},
	"kubectl-kratix_status":          {"status"}, // kubectl kratix-status
	"kratix-status":                  {"status"},
}

// arguments are those of the command line, after the command that the program's name stands for.
func arguments(argv []string) []string {
	name := strings.TrimSuffix(filepath.Base(argv[0]), ".exe")
	return append(plugins[name], argv[1:]...)
}
