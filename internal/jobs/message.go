// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"
	"strings"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/quote"
)

// reasonCancelled is of a Job whose run somebody else has cancelled.
const reasonCancelled = "RunCancelled"

// reasonOf is a word of Kubernetes where there is one.
func reasonOf(run state.State) string {
	switch run.Phase {
	case state.Cancelled:
		return reasonCancelled
	case state.TimedOut:
		return batchv1.JobReasonDeadlineExceeded
	default:
		return batchv1.JobReasonBackoffLimitExceeded
	}
}

// The log in a message: its last lines, each up to a length.
const (
	shownLines = 5
	shownBytes = 200
)

// diagnosis tells a person who reads kubectl describe job what failed, how often it was tried,
// and what the container said last.
func diagnosis(run state.State, limit *int32) string {
	if run.Phase == state.Cancelled {
		return "the run was cancelled, and not by Kratix; ask for a manual reconciliation to run it again"
	}
	if run.Failure == nil {
		return "the run failed, and the engine does not say why; kubectl describe the run, which has the name of this Job"
	}
	var b strings.Builder
	b.WriteString(run.Message())
	if run.Attempt > 1 {
		fmt.Fprintf(&b, ", in attempt %d", run.Attempt)
		if limit != nil {
			fmt.Fprintf(&b, " of %d", int64(*limit)+1)
		}
	}
	f := run.Failure
	var lines []string
	for _, line := range f.Log[max(0, len(f.Log)-shownLines):] {
		lines = append(lines, quote.Cut(line, shownBytes))
	}
	switch {
	case len(lines) > 0:
		b.WriteString(state.LogMark + strings.Join(lines, "\n"))
	case f.NoLog != "":
		b.WriteString("; its log cannot be read: " + f.NoLog)
	}
	return b.String()
}
