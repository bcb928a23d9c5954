// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"strings"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// noProgram is how Argo's program, the parent of the harvest, says that there
// is none to start. It ends with 64 then.
const noProgram = "failed to find name in PATH: "

// AddLog gives the failure the last lines of its step's log, without those
// that Argo's program writes around the harvest.
func (Observer) AddLog(s *state.State, lines []string) {
	f := s.Failure
	if f.Container != mainContainer {
		f.Log = lines
		return
	}
	for _, line := range lines {
		reason, said := strings.CutPrefix(strings.TrimPrefix(line, "Error: "), noProgram)
		switch {
		case strings.Contains(line, " argo=true"):
		case said && (f.ExitCode == 64 || f.Reason == state.StartError):
			f.Reason, f.ExitCode, f.Message = state.StartError, 128, reason
			if step := s.Failing(); step != nil {
				step.Reason, step.ExitCode, step.Message = f.Reason, f.ExitCode, f.Message
			}
		default:
			f.Log = append(f.Log, line)
		}
	}
}
