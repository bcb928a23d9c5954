// SPDX-License-Identifier: Apache-2.0

package state

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Container is what the kubelet says of a container; nil if it says nothing, or does not know
// any more.
func Container(pod *corev1.Pod, name string) *corev1.ContainerState {
	if pod == nil {
		return nil
	}
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			end := statuses[i].State.Terminated
			if statuses[i].Name == name && (end == nil || end.Reason != "ContainerStatusUnknown") {
				return &statuses[i].State
			}
		}
	}
	return nil
}

// Read takes over what the kubelet says of the step's container.
func (s *Step) Read(c corev1.ContainerState) {
	switch {
	case c.Terminated != nil:
		s.Phase, s.ExitCode = StepDone, c.Terminated.ExitCode
		s.Started, s.Finished = moment(c.Terminated.StartedAt), moment(c.Terminated.FinishedAt)
		s.readReason(c.Terminated)
	case c.Running != nil:
		s.Phase, s.Started = StepRunning, moment(c.Running.StartedAt)
	default:
		s.Phase = StepWaiting
		if c.Waiting != nil {
			if s.Reason = hindrances[c.Waiting.Reason]; s.Reason != "" {
				s.Message = c.Waiting.Message
			}
		}
	}
}

// moment knows the kubelet's other way to say never: 1970.
func moment(t metav1.Time) time.Time {
	if t.Unix() <= 0 {
		return time.Time{}
	}
	return t.Time
}

// readReason also sets the exit codes that Kubernetes documents, because a program of the
// engine may have changed them.
func (s *Step) readReason(end *corev1.ContainerStateTerminated) {
	switch end.Reason {
	case "OOMKilled":
		s.Reason = OOMKilled
		if s.ExitCode != 0 { // else only a child of the program was killed
			s.ExitCode = 137
		}
	case "StartError", "ContainerCannotRun":
		s.Reason, s.ExitCode, s.Message = StartError, startErrorCode, end.Message
	default:
		if s.ExitCode != 0 {
			s.Reason = Error
		}
	}
}

// hindrances are the reasons for which a container may wait for ever. Other reasons, such as
// PodInitializing, pass.
var hindrances = map[string]Reason{
	"ErrImagePull":               ImagePullBackOff,
	"ImagePullBackOff":           ImagePullBackOff,
	"ErrImageNeverPull":          ImagePullBackOff,
	"InvalidImageName":           ImagePullBackOff,
	"ImageInspectError":          ImagePullBackOff,
	"RegistryUnavailable":        ImagePullBackOff,
	"SignatureValidationFailed":  ImagePullBackOff,
	"CreateContainerConfigError": CreateContainerConfigError,
	"PreCreateHookError":         CreateContainerError,
	"CreateContainerError":       CreateContainerError,
	"PreStartHookError":          CreateContainerError,
	"RunContainerError":          CreateContainerError,
}

// loss is why a Pod had to stop if its containers are not the reason; nil if they are.
func loss(pod *corev1.Pod) *Failure {
	if pod == nil {
		return nil
	}
	message := pod.Status.Message
	reason, known := losses[pod.Status.Reason]
	for _, c := range pod.Status.Conditions {
		if !known && c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue {
			reason, known = losses[c.Reason]
			message = c.Message
		}
	}
	if !known {
		return nil
	}
	return Platform(reason, message)
}

// losses are reasons of Pods and of their condition DisruptionTarget.
var losses = map[string]Reason{
	"Evicted":                  Evicted,
	"Preempting":               Evicted,
	"PreemptionByScheduler":    Evicted,
	"DeletionByTaintManager":   Evicted,
	"EvictionByEvictionAPI":    Evicted,
	"UnexpectedAdmissionError": Evicted,
	"NodeLost":                 NodeLost,
	"NodeShutdown":             NodeLost,
	"Shutdown":                 NodeLost,
	"Terminated":               NodeLost,
	"NodeAffinity":             NodeLost,
	"TerminationByKubelet":     NodeLost,
	"DeletionByPodGC":          NodeLost,
}

// notPlaced is a Pod that has no node.
func notPlaced(pod *corev1.Pod) *Failure {
	c := condition(pod, corev1.PodScheduled)
	if c == nil || c.Status != corev1.ConditionFalse || unplaced[c.Reason] == "" {
		return nil
	}
	return Platform(unplaced[c.Reason], c.Message)
}

// unplaced are the scheduler's reasons. A Pod with gates waits for whoever has set them, such as a
// queue of the platform.
var unplaced = map[string]Reason{
	corev1.PodReasonUnschedulable:   Unschedulable,
	corev1.PodReasonSchedulerError:  Unschedulable,
	corev1.PodReasonSchedulingGated: Postponed,
}

// notReady is a Pod that waits on its node. Every Pod does so for a moment. Only if it still
// does at the end, that is why the run failed.
func notReady(pod *corev1.Pod) *Failure {
	if c := condition(pod, corev1.PodReadyToStartContainers); c != nil && c.Status == corev1.ConditionFalse {
		return &Failure{
			Fault: FaultPlatform, Reason: ContainerCreating,
			Message: "the volumes or the network of the Pod were never ready; its events say which",
		}
	}
	return nil
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	if pod == nil {
		return nil
	}
	if i := slices.IndexFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == kind }); i >= 0 {
		return &pod.Status.Conditions[i]
	}
	return nil
}

// finished tells whether nothing will change in the Pod any more.
func finished(pod *corev1.Pod) bool {
	return pod != nil && (pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded)
}

// OverDeadline tells whether the kubelet ended the Pod because its time was up.
func OverDeadline(pod *corev1.Pod) bool {
	return pod != nil && pod.Status.Reason == "DeadlineExceeded"
}

// NotCreated is a Pod that the API server refused with this message. Engines pass the message
// on.
func NotCreated(message string) *Failure {
	for _, refusal := range refusals {
		for _, sign := range refusal.signs {
			if strings.Contains(strings.ToLower(message), sign) {
				return &Failure{Fault: refusal.fault, Reason: refusal.reason, Message: message}
			}
		}
	}
	return Platform(EngineError, message)
}

// refusals are in order: most are "forbidden", too.
var refusals = []struct {
	reason Reason
	fault  Fault
	signs  []string
}{
	{QuotaExceeded, FaultPlatform, []string{"exceeded quota", "failed quota"}},
	{ServiceAccountNotFound, FaultPlatform, []string{"looking up service account", "serviceaccounts \""}},
	{PodForbidden, FaultPolicy, []string{"is forbidden", "denied the request", "denied request", "is invalid"}},
}
