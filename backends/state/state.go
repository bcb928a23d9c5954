// SPDX-License-Identifier: Apache-2.0

// Package state is what became of a run, in the words of Kubernetes. A backend reads it from
// the engine's object and the Pods, and the words are the same on every engine
// (docs/engines.md, "What became of a run").
package state

import (
	"slices"
	"time"
)

// Phase is how far a run is.
type Phase string

// The last four are final: a run does not change any more.
const (
	// Pending is a run of which no container of the user's has started yet.
	Pending Phase = "Pending"
	// Running has begun, or failed and begins again.
	Running   Phase = "Running"
	Succeeded Phase = "Succeeded"
	// Failed is also a run whose time ran out while it waited for what never
	// came, such as an image.
	Failed Phase = "Failed"
	// TimedOut is a run whose time ran out while a container was at work.
	TimedOut  Phase = "TimedOut"
	Cancelled Phase = "Cancelled"
)

// Ended tells whether the phase is final.
func (p Phase) Ended() bool { return p != Pending && p != Running && p != "" }

// State is what became of a run.
type State struct {
	Phase Phase `json:"phase"`
	// Unseen tells that no controller of the engine has looked at the run yet. A new run is
	// always unseen; it takes a clock to tell whether that lasts too long.
	Unseen bool `json:"-"`
	// ToldToEnd tells that the runner or a person has cancelled the run.
	ToldToEnd bool `json:"-"`
	// Ended is when the engine says that the run ended; zero if it does not say, or if the run
	// goes on.
	Ended time.Time `json:"-"`
	// Attempt counts from 1; 0 is before the first.
	Attempt int `json:"attempt"`
	// Pod is that of the last attempt, and may be gone. Empty if there was none.
	Pod string `json:"pod,omitempty"`
	// Steps are the user's containers in their order and then the harvest, if there is one, in
	// the last attempt. They are known before there is a Pod.
	Steps []Step `json:"steps"`
	// Failure is why the run failed or timed out. While the run goes on, it is what holds it up
	// now, or why the attempt before failed.
	Failure *Failure `json:"failure,omitempty"`
}

// Time reads a time as engines write it; zero if there is none.
func Time(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Failing is the step that the failure is of; nil if there is none.
func (s State) Failing() *Step {
	if s.Failure == nil {
		return nil
	}
	i := slices.IndexFunc(s.Steps, func(step Step) bool { return step.Container == s.Failure.Container })
	if i < 0 {
		return nil
	}
	return &s.Steps[i]
}

// CannotStart writes into the failure and its step that there was no program to start.
func (s *State) CannotStart(message string) {
	s.Failure.Reason, s.Failure.ExitCode, s.Failure.Message = StartError, startErrorCode, message
	if step := s.Failing(); step != nil {
		step.Reason, step.ExitCode, step.Message = StartError, startErrorCode, message
	}
}

// Step is one container.
type Step struct {
	// Name is what the user calls it, Container what it is called in the Pod.
	Name      string `json:"name"`
	Container string `json:"container"`
	// Harvest marks the one that is not the user's.
	Harvest bool      `json:"harvest,omitempty"`
	Phase   StepPhase `json:"phase"`
	// Reason and Message are why it waits or how it ended, if not well.
	Reason  Reason `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// ExitCode is of a step that is Done.
	ExitCode int32 `json:"exitCode,omitempty"`
	// Started is when the user's program began, Finished when it ended. Both are zero if that
	// did not happen or is not known any more.
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
}

// StepPhase is how far a step is.
type StepPhase string

const (
	// StepWaiting waits for the step before it, or for what its Reason says.
	StepWaiting StepPhase = "Waiting"
	// StepRunning has started and not ended.
	StepRunning StepPhase = "Running"
	// StepDone ended by itself, well or not.
	StepDone StepPhase = "Done"
	// StepStopped was at work, or about to be, when the run was ended.
	StepStopped StepPhase = "Stopped"
	// StepSkipped never ran, because of the steps before it.
	StepSkipped StepPhase = "Skipped"
	// StepUnknown is of a run that has ended and whose Pod is gone.
	StepUnknown StepPhase = "Unknown"
)

// Failure is what went wrong.
type Failure struct {
	Fault  Fault  `json:"fault"`
	Reason Reason `json:"reason"`
	// Step is what the user calls the step that failed or is stuck, Container what it is called
	// in State.Pod. Both are empty if the failure is not of a step.
	Step      string `json:"step,omitempty"`
	Container string `json:"container,omitempty"`
	// ExitCode is the step's; 0 if it did not end by itself.
	ExitCode int32 `json:"exitCode,omitempty"`
	// Message is what the kubelet, the API server or the engine says.
	Message string `json:"message,omitempty"`
	// Log has the last lines that the step wrote. Observe leaves it empty, because it takes a
	// client to read it.
	Log []string `json:"log,omitempty"`
	// NoLog is why there is no log.
	NoLog string `json:"noLog,omitempty"`
}

// Platform is a failure that is FaultPlatform.
func Platform(reason Reason, message string) *Failure {
	return &Failure{Fault: FaultPlatform, Reason: reason, Message: message}
}

// Fault is whose a failure is.
type Fault string

const (
	// FaultContainer is a container of the user's that ended badly or not in time.
	FaultContainer Fault = "Container"
	// FaultHarvest is the last step, which delivers the results.
	FaultHarvest Fault = "Harvest"
	// FaultPlatform is an image, a Secret, a node or a quota, which may be there
	// when it is tried again.
	FaultPlatform Fault = "Platform"
	// FaultPolicy is a run that the cluster or the engine refuses, and will refuse again.
	FaultPolicy Fault = "Policy"
)

// Reason is one word for what went wrong. It is the word of Kubernetes if there is one. A word
// of ours stands for all the spellings of kubelets and engines.
type Reason string

// Reasons of a step that ended, which are FaultContainer or FaultHarvest.
const (
	// Error is an exit code other than 0.
	Error Reason = "Error"
	// OOMKilled needed more memory than its limit; the exit code is 137.
	OOMKilled Reason = "OOMKilled"
	// StartError is a program that is not there or cannot be executed; the exit code is 128.
	StartError Reason = "StartError"
	// DeadlineExceeded was not done when the time was up.
	DeadlineExceeded Reason = "DeadlineExceeded"
)

// startErrorCode is the exit code of a container whose program could not be started.
const startErrorCode = 128

// Reasons that are FaultPlatform.
const (
	// ImagePullBackOff is an image that cannot be pulled: it is not there, the registry does
	// not answer, or the credentials are missing.
	ImagePullBackOff Reason = "ImagePullBackOff"
	// CreateContainerConfigError is most often a Secret or ConfigMap that is not there.
	CreateContainerConfigError Reason = "CreateContainerConfigError"
	// CreateContainerError is a container that the runtime refuses to make.
	CreateContainerError Reason = "CreateContainerError"
	// ContainerCreating is a Pod that waits on its node for volumes or network.
	ContainerCreating Reason = "ContainerCreating"
	// Unschedulable finds no node.
	Unschedulable Reason = "Unschedulable"
	// QuotaExceeded waits for a ResourceQuota to have room.
	QuotaExceeded Reason = "QuotaExceeded"
	// Evicted is a Pod that had to leave its node, for one of many reasons.
	Evicted Reason = "Evicted"
	// NodeLost is a Pod whose node shut down or does not answer.
	NodeLost Reason = "NodeLost"
	// ServiceAccountNotFound is an account that the Promise names and that does not exist.
	ServiceAccountNotFound Reason = "ServiceAccountNotFound"
	// PodDeleted is a Pod that somebody deleted while it ran.
	PodDeleted Reason = "PodDeleted"
	// Postponed is a run that the engine itself keeps waiting: too many run, somebody else has
	// a lock, or a person suspended it. It is also a Pod with scheduling gates.
	Postponed Reason = "Postponed"
	// NotTaken is a run that no controller of the engine has looked at for a minute.
	NotTaken Reason = "NotTaken"
	// EngineError is a fault of the engine or of its own containers.
	EngineError Reason = "EngineError"
)

// Reasons that are FaultPolicy.
const (
	// PodForbidden was refused by the API server: a LimitRange, a webhook, Pod security.
	PodForbidden Reason = "PodForbidden"
	// InvalidSpec was refused by the engine.
	InvalidSpec Reason = "InvalidSpec"
)
