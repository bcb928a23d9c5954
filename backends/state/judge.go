// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// Evidence is what a backend has found out of a run.
type Evidence struct {
	// Pod is that of the last attempt; nil if there is none, or if it is gone.
	Pod *corev1.Pod
	// Engine are the names of the engine's own containers in it.
	Engine []string
	// Deleted tells that somebody else than the engine deleted the Pod.
	Deleted bool
	// Told is what the engine itself says went wrong, if anything. It counts least, because
	// engines sometimes blame the wrong container.
	Told *Failure
}

// Judge finishes a State that has the Phase, Attempt, Pod and Steps of the engine: it says what
// failed, and what became of the steps that did not end. A step of which nothing is known comes
// without a phase.
func (s *State) Judge(e Evidence) {
	lost := loss(e.Pod)
	if lost == nil && e.Deleted {
		lost = Platform(PodDeleted, "the Pod was deleted while it ran")
	}
	if s.Phase == TimedOut || s.Phase == Cancelled || lost != nil {
		s.stop()
	}
	if s.Phase != Succeeded && s.Phase != Cancelled {
		s.Failure = s.failure(e, lost)
	}
	if s.Phase == TimedOut && s.Failure.Reason != DeadlineExceeded {
		s.Phase = Failed
	}
	s.completeSteps(s.Phase.Ended() || finished(e.Pod))
	if !s.Phase.Ended() {
		s.Phase = s.progress()
	}
}

// failure is the first that applies, the surest first.
func (s *State) failure(e Evidence, lost *Failure) *Failure {
	if lost != nil {
		lost.Step, lost.Container = s.atWork()
		return lost
	}
	if f := s.blame(); f != nil {
		return f
	}
	if f := blameEngine(e); f != nil {
		return f
	}
	if e.Told != nil {
		return e.Told
	}
	if f := notPlaced(e.Pod); f != nil {
		return f
	}
	if s.Phase != TimedOut {
		return nil
	}
	if f := notReady(e.Pod); f != nil && s.progress() == Pending {
		return f
	}
	f := &Failure{Fault: FaultContainer, Reason: DeadlineExceeded}
	f.Step, f.Container = s.atWork()
	return f
}

// blame finds the step that ended badly or cannot start. If there is none, it blames a step
// that ended well although a child of its program ran out of memory.
func (s *State) blame() *Failure {
	var suspect *Failure
	for _, step := range s.Steps {
		f := &Failure{
			Fault: step.fault(), Reason: step.Reason, Step: step.Name, Container: step.Container,
			ExitCode: step.ExitCode, Message: step.Message,
		}
		switch {
		case step.Phase == StepWaiting && step.Reason != "", step.Phase == StepDone && step.ExitCode != 0:
			return f
		case step.Phase == StepDone && step.Reason != "" && s.Phase == Failed:
			suspect = f
		}
	}
	return suspect
}

// fault tells whose fault it is that the step ended badly or waits.
func (s Step) fault() Fault {
	switch {
	case s.Phase != StepDone:
		return FaultPlatform
	case s.Harvest:
		return FaultHarvest
	default:
		return FaultContainer
	}
}

// blameEngine looks at the containers that are not the run's.
func blameEngine(e Evidence) *Failure {
	for _, name := range e.Engine {
		c := Container(e.Pod, name)
		if c == nil {
			continue
		}
		step := Step{}
		step.Read(*c)
		switch {
		case step.Phase == StepWaiting && step.Reason != "":
			return Platform(step.Reason, fmt.Sprintf("%s: %s", name, step.Message))
		case step.ExitCode != 0:
			message := fmt.Sprintf("%s: %s (exit code %d) %s", name, step.Reason, step.ExitCode, c.Terminated.Message)
			return Platform(EngineError, message)
		}
	}
	return nil
}

// stop marks the step that was at work when somebody ended the run. Its exit code then says
// nothing about the step itself.
func (s *State) stop() {
	for i := range s.Steps {
		step := &s.Steps[i]
		if step.Phase == StepRunning || step.Phase == StepDone && step.ExitCode != 0 {
			step.Phase, step.ExitCode, step.Reason, step.Message = StepStopped, 0, "", ""
		}
	}
}

// completeSteps gives a phase to every step that has none. Once the Pod is over, no step waits
// or runs.
func (s *State) completeSteps(over bool) {
	for i := range s.Steps {
		step := &s.Steps[i]
		switch {
		case step.Phase == "" && s.Phase == Succeeded:
			step.Phase = StepDone
		case step.Phase == "" && over:
			step.Phase = StepUnknown
		case step.Phase == "":
			step.Phase = StepWaiting
		}
		switch {
		case over && step.Phase == StepRunning:
			step.Phase = StepStopped
		case over && step.Phase == StepWaiting:
			step.Phase = StepSkipped
		}
	}
}

// atWork is the first step that was not done; empty if nothing is known of it.
func (s *State) atWork() (name, container string) {
	for _, step := range s.Steps {
		switch step.Phase {
		case StepDone:
		case "":
			return "", ""
		default:
			return step.Name, step.Container
		}
	}
	return "", ""
}

func (s *State) progress() Phase {
	for _, step := range s.Steps {
		if step.Phase != StepWaiting && step.Phase != "" {
			return Running
		}
	}
	if s.Attempt > 1 {
		return Running
	}
	return Pending
}
