// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/jobs"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// pipeline says what the current Pipeline waits for.
func (r *reader) pipeline(t *Trail) (verdict, bool) {
	i, ok := current(*t, r.document)
	if !ok {
		return verdict{}, false
	}
	p := t.Pipelines[i]
	now, _ := r.document.Current()
	name := "Pipeline " + p.Name
	if r.document.Action == workflow.Delete {
		name = "delete Pipeline " + p.Name
	}
	switch p.Phase {
	case progress.PhaseFailed:
		return r.failed(name, p), true
	case progress.PhaseSuspended:
		return r.suspended(name, p), true
	case progress.PhaseRunning:
		return r.running(name, p, now.Reason), true
	default:
		return r.pending(name, p, now.Reason), true
	}
}

func (r *reader) failed(name string, p Pipeline) verdict {
	how := firstLine(p.Message)
	if p.Run != nil && p.Run.Failure != nil {
		how = p.Run.Message
	}
	return verdict{
		state: Failed, message: strings.TrimSuffix(name+" has failed: "+how, ": "),
		next: []Command{r.commands.label("run it again", r.Facts, progress.LabelManual)},
	}
}

func (r *reader) suspended(name string, p Pipeline) verdict {
	v := verdict{state: Suspended, message: name + " waits for somebody to let it go on"}
	if !p.NextRetryAt.IsZero() {
		v.message = name + " asked to be run again at " + p.NextRetryAt.Format(time.RFC3339)
		v.resumes = true
	}
	if p.Message != "" {
		v.message += ": " + firstLine(p.Message)
	}
	v.next = []Command{r.commands.unlabel("let it go on now", r.Facts, progress.LabelSuspended)}
	return v
}

func (r *reader) running(name string, p Pipeline, reason progress.Reason) verdict {
	run := p.Run
	switch {
	case p.Job != nil && (run == nil || p.Job.Phase == progress.PhaseSuspended):
		return r.unrun(name, p.Job)
	case reason == progress.ReasonStartsOver:
		return verdict{state: Running, message: name + ": the workflow starts over when this run has ended"}
	case run == nil || run.Phase == "":
		return r.unread(name, p)
	case run.Phase == state.Succeeded && p.Job == nil:
		return verdict{state: Running, message: name + ": its results are being taken in"}
	case run.Phase.Ended():
		return verdict{state: Running, message: name + ": " + firstLine(run.Message) + "; " + r.writerOf(p) + " is about to note it"}
	case run.Failure != nil:
		return verdict{state: Failing, message: name + ": " + firstLine(run.Message) + run.again()}
	case run.Phase == state.Pending && run.Attempt == 0:
		return verdict{state: Waiting, message: fmt.Sprintf("%s waits for %s to look at its %s", name, run.Engine, run.Kind)}
	case run.Phase == state.Pending:
		return verdict{state: Waiting, message: name + ": " + run.Message}
	}
	return verdict{state: Running, message: name + ": " + firstLine(run.Message) + run.again()}
}

// unrun is for a Job that has no run now.
func (r *reader) unrun(name string, job *Job) verdict {
	engine, ours := strings.CutPrefix(job.ManagedBy, jobs.ManagerDomain)
	switch {
	case job.Phase == progress.PhaseSuspended:
		return verdict{state: Waiting, message: name + ": its Job is suspended; Kratix makes another one, unless somebody else has suspended it"}
	case !ours:
		return verdict{state: Running, message: name + ": " + job.ManagedBy + " runs its Job"}
	case !r.mayReadRuns():
		return verdict{state: Running, message: name + " is running"}
	}
	return verdict{
		state: Waiting, message: fmt.Sprintf("%s waits for kratix-jobs to give its Job to %s; if that stays so, no slot is free or kratix-jobs does not run", name, engine),
		next: []Command{r.commands.kubectl("whether kratix-jobs runs", "get pods -A -l app.kubernetes.io/name=kratix-jobs")},
	}
}

// writerOf is the program that writes next what has become of a Pipeline: kratix-jobs into the Job,
// or Kratix or kratix-runner into the status of the object.
func (r *reader) writerOf(p Pipeline) string {
	switch {
	case p.Job == nil:
		return r.program()
	case strings.HasPrefix(p.Job.ManagedBy, jobs.ManagerDomain) && p.Job.Phase == progress.PhaseRunning:
		return "kratix-jobs"
	default:
		return "Kratix"
	}
}

// unread is for a run that was not read or is not there: the status has to do.
func (r *reader) unread(name string, p Pipeline) verdict {
	switch {
	case p.Message != "": // it is what holds the run up
		return verdict{state: Failing, message: name + ": " + firstLine(p.Message)}
	case r.Brief || !r.mayReadRuns() || r.byKratix():
		return verdict{state: Running, message: name + " is running"}
	}
	return verdict{state: Waiting, message: name + ": kratix-runner is about to make its run"}
}

// again says that another attempt follows the one that has failed, or which attempt it is, if it is
// not the first.
func (r *Run) again() string {
	switch failing := r.Failing(); {
	case failing != nil && failing.Phase == state.StepDone: // or it would have ended
		return fmt.Sprintf("; attempt %d will follow", r.Attempt+1)
	case r.Attempt > 1:
		return fmt.Sprintf(" (attempt %d)", r.Attempt)
	}
	return ""
}

// pending goes by the reason. Earlier versions of kratix-runner wrote none, and then the message is
// shown as it is.
func (r *reader) pending(name string, p Pipeline, reason progress.Reason) verdict {
	v := verdict{state: Waiting, message: name + " is about to start"}
	what, waits := strings.CutPrefix(firstLine(p.Message), "Waiting for ")
	switch {
	case reason == progress.ReasonHeld:
		v.state, v.message = Suspended, name+" waits for the label "+progress.LabelSuspended+" to be removed"
		v.next = []Command{r.commands.unlabel("let it go on", r.Facts, progress.LabelSuspended)}
	case reason == progress.ReasonWaitingForPromise && r.Promise != nil:
		v.message = name + ": " + r.forPromise()
	case waits: // the sentence reads better so
		v.message = name + " waits for " + what
	case p.Message != "":
		v.message = name + ": " + firstLine(p.Message)
	}
	return v
}
