// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/quote"
)

// commands writes commands for people. Each has the flags that choose the cluster: kubectl and the
// engines' tools have the same ones.
type commands struct{ flags []string }

func (c commands) kubectl(purpose, format string, args ...any) Command {
	return c.of("kubectl", purpose, format, args...)
}

func (c commands) of(program, purpose, format string, args ...any) Command {
	words := slices.Concat([]string{program}, c.flags, []string{fmt.Sprintf(format, args...)})
	return Command{Purpose: purpose, Command: strings.Join(words, " ")}
}

func (c commands) label(purpose string, f Facts, label string) Command {
	return c.kubectl(purpose, "label %s %s=true", f.object(), label)
}

func (c commands) unlabel(purpose string, f Facts, label string) Command {
	return c.kubectl(purpose, "label %s %s-", f.object(), label)
}

// lost is for files that cannot be removed.
func (c commands) lost(p Placement) []Command {
	let := c.kubectl("if it is lost for good, let go of everything that is in this Destination", "delete destination %s", p.Destination)
	if p.Store == nil {
		return []Command{let}
	}
	return []Command{c.store(p.Store), let}
}

func (c commands) store(s *Store) Command {
	return c.kubectl("the State Store", "describe %s %s", strings.ToLower(s.Kind), s.Name)
}

// object names the object in a command of kubectl.
func (f Facts) object() string {
	name := f.Resource + " " + f.Object.GetName()
	if namespace := f.Object.GetNamespace(); namespace != "" {
		name += " -n " + namespace
	}
	return name
}

// looks are commands that show the run of the current Pipeline and its Job, if there are any.
func (r *reader) looks(t *Trail) []Command {
	i, ok := current(*t, r.document)
	if !ok {
		return nil
	}
	out := r.lookAtRun(t.Pipelines[i].Run)
	if job := t.Pipelines[i].Job; job != nil {
		out = append(out, r.commands.kubectl("the Job", "describe job %s -n %s", job.Name, job.Namespace))
	}
	return out
}

func (r *reader) lookAtRun(run *Run) []Command {
	if run == nil || run.Kind == "" || run.Engine == kubernetes && run.Pod == "" {
		return nil
	}
	out := r.commands.pod(run)
	for _, f := range r.Runs {
		if f.Engine.Name == run.Engine && f.Object.GetName() == run.Name && f.Engine.Tool != "" {
			return append(out, r.commands.of(f.Engine.Tool, "the "+run.Kind, f.Engine.Show, run.Name, run.Namespace))
		}
	}
	return out
}

// pod shows the container that matters: the one that failed or is stuck, or else the one that
// runs, or else the last one that has a log. Not all names in a run are checked by the API server, so they are
// quoted.
func (c commands) pod(run *Run) []Command {
	if run.Pod == "" {
		return []Command{c.kubectl("why there is no Pod", "describe %s %s -n %s", strings.ToLower(run.Kind), run.Name, run.Namespace)}
	}
	step := atWork(run.State)
	if step == nil || step.Phase == state.StepWaiting || step.Phase == state.StepSkipped || step.Phase == state.StepUnknown {
		return []Command{c.kubectl("the Pod and its events", "describe pod %s -n %s", quote.Word(run.Pod), run.Namespace)}
	}
	follow := ""
	if step.Phase == state.StepRunning {
		follow = " -f"
	}
	return []Command{c.kubectl("the log of container "+step.Name, "logs %s -c %s -n %s%s", quote.Word(run.Pod), quote.Word(step.Container), run.Namespace, follow)}
}

// atWork is the step that failed or is stuck, or else the one that runs, or else the one that
// ended last; nil if there is none.
func atWork(s state.State) *state.Step {
	if failing := s.Failing(); failing != nil {
		return failing
	}
	var found *state.Step
	for i := range s.Steps {
		switch s.Steps[i].Phase {
		case state.StepRunning, state.StepStopped:
			return &s.Steps[i]
		case state.StepDone:
			if !s.Steps[i].Harvest {
				found = &s.Steps[i]
			}
		default:
		}
	}
	return found
}
