// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// steps are those of the task, as the Pod has them. What the Pod does not know any more, the
// TaskRun may know.
func (r taskRun) steps(pod *corev1.Pod) []state.Step {
	names := state.UserNames(r.Metadata.Annotations)
	out := make([]state.Step, len(r.Spec.TaskSpec.Steps))
	for i, spec := range r.Spec.TaskSpec.Steps {
		step := &out[i]
		*step = state.Step{Name: names.Of(spec.Name), Container: stepPrefix + spec.Name, Harvest: spec.Name == plan.HarvestName}
		c := state.Container(pod, step.Container)
		switch {
		case c != nil:
			step.Read(*c)
			readTermination(step, c.Terminated)
		case pod == nil || r.ended():
			r.recall(step, spec.Name)
		}
	}
	inOrder(out)
	return out
}

// readTermination reads the message of Tekton's program in the step. It says when the user's
// program started, and why it did not if so.
func readTermination(step *state.Step, end *corev1.ContainerStateTerminated) {
	if end == nil {
		return
	}
	var entries []struct{ Key, Value string }
	if json.Unmarshal([]byte(end.Message), &entries) != nil {
		return // an empty one, if the program was killed
	}
	for _, entry := range entries {
		switch entry.Key {
		case "StartedAt":
			if at, err := time.Parse(time.RFC3339, entry.Value); err == nil {
				step.Started = at
			}
		case "Reason":
			interrupt(step, entry.Value)
		}
	}
}

// interrupt is for a step that did not end by itself. Tekton invents an exit code for it.
func interrupt(step *state.Step, reason string) {
	switch reason {
	case "Skipped":
		*step = state.Step{Name: step.Name, Container: step.Container, Harvest: step.Harvest, Phase: state.StepSkipped}
	case "Cancelled":
		step.Phase, step.ExitCode, step.Reason = state.StepStopped, 0, ""
	}
}

// recall is what the TaskRun says of a step whose Pod is gone. If a step has not ended, Tekton
// writes an end for it, with Tekton's own reason.
func (r taskRun) recall(step *state.Step, name string) {
	if r.Status.PodName == "" {
		step.Phase = state.StepWaiting // there was no Pod
	}
	for _, known := range r.Status.Steps {
		if known.Name != name || known.ContainerState == (corev1.ContainerState{}) {
			continue
		}
		if known.Terminated != nil && known.Terminated.Reason == r.succeeded().Reason {
			step.Phase = state.StepRunning
			if reason := r.hindrance(); reason != "" {
				step.Phase = state.StepWaiting
				if culprit, message := r.named(); culprit == name {
					step.Reason, step.Message = reason, message
				}
			}
			return
		}
		step.Read(known.ContainerState)
		interrupt(step, known.TerminationReason)
	}
}

// inOrder makes steps wait that come after one that is not done. In the Pod the containers of
// all steps run from the start.
func inOrder(steps []state.Step) {
	before := true // the steps before are done
	for i := range steps {
		if steps[i].Phase == state.StepRunning && !before {
			steps[i].Phase, steps[i].Started = state.StepWaiting, time.Time{}
		}
		before = before && steps[i].Phase == state.StepDone
	}
}

// deleted tells whether somebody deleted the Pod under the steps. All steps end badly then;
// otherwise the steps after a bad one are skipped.
func (r taskRun) deleted(steps []state.Step) bool {
	if reason := r.succeeded().Reason; r.ended() && reason != "StepFailed" && reason != "Failed" {
		return false
	}
	bad := 0
	for _, step := range steps {
		if step.Phase == state.StepDone && step.ExitCode != 0 {
			bad++
		}
	}
	return bad > 1
}
