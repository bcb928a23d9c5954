// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"
	"strings"
)

// LogMark is between what failed and the end of its log. Some people may read what failed and may not
// read logs: what they get ends before the mark.
const LogMark = "; its log ends:\n"

// WithoutLog is a message without the end of the log, for texts that more people may read.
func WithoutLog(message string) string {
	what, _, _ := strings.Cut(message, LogMark)
	return what
}

// Message is a sentence for people: what failed or holds the run up, or else
// how far it is.
func (s State) Message() string {
	switch {
	case s.Failure != nil:
		return s.sentence(*s.Failure)
	case s.Phase == Succeeded:
		return "all containers succeeded"
	case s.Phase == Cancelled:
		return "it was cancelled"
	case s.Phase == Pending:
		return "no container has started yet"
	}
	for _, step := range s.Steps {
		if step.Phase == StepRunning {
			return subject(step.Name, step.Harvest) + " is running"
		}
	}
	return "it is between two containers"
}

func (s State) sentence(f Failure) string {
	told := strings.TrimSpace(f.Message)
	if told == "" {
		told = string(f.Reason)
	}
	if f.Step == "" {
		return strings.TrimSuffix(fmt.Sprintf("%s: %s", f.Reason, f.Message), ": ")
	}
	failing := s.Failing()
	who := subject(f.Step, failing != nil && failing.Harvest)
	switch f.Reason {
	case Error:
		return fmt.Sprintf("%s ended with exit code %d", who, f.ExitCode)
	case OOMKilled:
		return fmt.Sprintf("%s needed more memory than its limit (OOMKilled, exit code %d)", who, f.ExitCode)
	case StartError:
		return fmt.Sprintf("%s cannot start its program: %s", who, told)
	case DeadlineExceeded:
		return fmt.Sprintf("%s was not done when the time limit was reached", who)
	case ImagePullBackOff:
		return fmt.Sprintf("%s cannot get its image: %s", who, told)
	case CreateContainerConfigError, CreateContainerError:
		return fmt.Sprintf("%s cannot be created: %s", who, told)
	default:
		return fmt.Sprintf("%s was at work when the run was lost (%s): %s", who, f.Reason, told)
	}
}

func subject(step string, harvest bool) string {
	if harvest {
		return "the harvest"
	}
	return fmt.Sprintf("container %q", step)
}
