// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"regexp"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// own are the lines that Tekton's program adds to the end of a step's log.
var own = regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?:INFO Step was canceling|Step was cancelled|Skipping step because .*|Error executing command: (.*))$`)

// AddLog gives the failure the last lines of its step's log, without those of
// Tekton. One of them is the only sign of a program that could not be started.
func (Observer) AddLog(s *state.State, lines []string) {
	f := s.Failure
	for len(lines) > 0 {
		found := own.FindStringSubmatch(lines[len(lines)-1])
		if found == nil {
			break
		}
		lines = lines[:len(lines)-1]
		if found[1] != "" && f.Reason == state.Error && f.ExitCode == 1 {
			f.Reason, f.ExitCode, f.Message = state.StartError, 128, found[1]
			if step := s.Failing(); step != nil {
				step.Reason, step.ExitCode, step.Message = f.Reason, f.ExitCode, f.Message
			}
		}
	}
	f.Log = lines
}
