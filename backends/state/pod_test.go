// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// TestNotCreated has what API servers and their plugins say.
func TestNotCreated(t *testing.T) {
	for message, want := range map[string]state.Failure{
		`pods "x" is forbidden: exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0`:                                  {Fault: state.FaultPlatform, Reason: state.QuotaExceeded},
		`pods "x" is forbidden: failed quota: compute: must specify limits.cpu for: step-first`:                                          {Fault: state.FaultPlatform, Reason: state.QuotaExceeded},
		`pods "x" is forbidden: maximum memory usage per Container is 64Mi, but limit is 256Mi`:                                          {Fault: state.FaultPolicy, Reason: state.PodForbidden},
		`pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false`:                             {Fault: state.FaultPolicy, Reason: state.PodForbidden},
		`admission webhook "validate.kyverno.svc-fail" denied the request: resource Pod/a/x was blocked`:                                 {Fault: state.FaultPolicy, Reason: state.PodForbidden},
		`pods "x" is forbidden: ValidatingAdmissionPolicy 'a' with binding 'a' denied request: failed expression: false`:                 {Fault: state.FaultPolicy, Reason: state.PodForbidden},
		`Pod "x" is invalid: spec.containers[0].resources.requests: Invalid value: "1": must be less than or equal to cpu limit of 500m`: {Fault: state.FaultPolicy, Reason: state.PodForbidden},
		`pods "x" is forbidden: error looking up service account team-a/nowhere: serviceaccount "nowhere" not found`:                     {Fault: state.FaultPlatform, Reason: state.ServiceAccountNotFound},
		`failed to create task run pod "x": translating TaskSpec to Pod: serviceaccounts "nowhere" not found. Maybe invalid TaskSpec`:    {Fault: state.FaultPlatform, Reason: state.ServiceAccountNotFound},
		`Internal error occurred: failed calling webhook "mutate.example.com": dial tcp 10.0.0.1:443: connect: connection refused`:       {Fault: state.FaultPlatform, Reason: state.EngineError},
		`the server was unable to return a response in the time allotted, but may still be processing the request`:                       {Fault: state.FaultPlatform, Reason: state.EngineError},
	} {
		want.Message = message
		assert.Equal(t, &want, state.NotCreated(message))
	}
}

// steps are three and the harvest, in these phases.
func steps(phases ...state.StepPhase) []state.Step {
	out := []state.Step{{Name: "first"}, {Name: "guilty"}, {Name: "last"}, {Name: "kratix-harvest", Harvest: true}}
	for i := range out {
		out[i].Container = "in-pod-" + out[i].Name
		if i < len(phases) {
			out[i].Phase = phases[i]
		}
	}
	return out
}

func phases(s state.State) []state.StepPhase {
	var out []state.StepPhase
	for _, step := range s.Steps {
		out = append(out, step.Phase)
	}
	return out
}

// TestLostPods has how kubelets and the control plane end Pods that did nothing wrong.
func TestLostPods(t *testing.T) {
	disrupted := func(reason string) corev1.PodStatus {
		return corev1.PodStatus{Phase: corev1.PodFailed, Conditions: []corev1.PodCondition{
			{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: reason, Message: "told"},
		}}
	}
	for name, test := range map[string]struct {
		status corev1.PodStatus
		want   state.Reason
	}{
		"evicted":             {corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "told"}, state.Evicted},
		"preempted":           {disrupted("PreemptionByScheduler"), state.Evicted},
		"drained":             {disrupted("EvictionByEvictionAPI"), state.Evicted},
		"tainted":             {disrupted("DeletionByTaintManager"), state.Evicted},
		"node shut down":      {corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Terminated", Message: "told"}, state.NodeLost},
		"node silent":         {corev1.PodStatus{Phase: corev1.PodRunning, Reason: "NodeLost", Message: "told"}, state.NodeLost},
		"node gone":           {disrupted("DeletionByPodGC"), state.NodeLost},
		"refused by the node": {corev1.PodStatus{Phase: corev1.PodFailed, Reason: "UnexpectedAdmissionError", Message: "told"}, state.Evicted},
	} {
		t.Run(name, func(t *testing.T) {
			s := state.State{Phase: state.Failed, Attempt: 1, Steps: steps(state.StepDone, state.StepDone, state.StepWaiting, state.StepWaiting)}
			s.Steps[1].ExitCode, s.Steps[1].Reason = 137, state.Error // killed with its Pod
			s.Judge(state.Evidence{Pod: &corev1.Pod{Status: test.status}})
			assert.Equal(t, &state.Failure{
				Fault: state.FaultPlatform, Reason: test.want, Step: "guilty", Container: "in-pod-guilty", Message: "told",
			}, s.Failure)
			assert.Equal(t, []state.StepPhase{state.StepDone, state.StepStopped, state.StepSkipped, state.StepSkipped}, phases(s))
			assert.Zero(t, s.Steps[1].ExitCode, "it is not the container's")
		})
	}
}

// TestNotPlaced has every reason for which a Pod has no node.
func TestNotPlaced(t *testing.T) {
	for reason, want := range map[string]state.Reason{
		"Unschedulable": state.Unschedulable, "SchedulerError": state.Unschedulable, "SchedulingGated": state.Postponed, "": "",
	} {
		s := state.State{Phase: state.Running, Attempt: 1, Steps: steps()}
		s.Judge(state.Evidence{Pod: &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: reason, Message: "told"},
		}}}})
		assert.Equal(t, state.Pending, s.Phase, reason)
		if want == "" {
			assert.Nil(t, s.Failure)
			continue
		}
		assert.Equal(t, &state.Failure{Fault: state.FaultPlatform, Reason: want, Message: "told"}, s.Failure, reason)
	}
}

// TestHindrances has every reason for which a container may never start.
func TestHindrances(t *testing.T) {
	for reason, want := range map[string]state.Reason{
		"ErrImagePull": state.ImagePullBackOff, "ImagePullBackOff": state.ImagePullBackOff, "InvalidImageName": state.ImagePullBackOff,
		"ErrImageNeverPull": state.ImagePullBackOff, "CreateContainerConfigError": state.CreateContainerConfigError,
		"CreateContainerError": state.CreateContainerError, "RunContainerError": state.CreateContainerError,
		"PreCreateHookError": state.CreateContainerError, "PreStartHookError": state.CreateContainerError, "PodInitializing": "", "ContainerCreating": "",
	} {
		step := state.Step{Name: "guilty", Container: "guilty"}
		step.Read(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: "told"}})
		s := state.State{Phase: state.Running, Attempt: 1, Steps: []state.Step{step}}
		s.Judge(state.Evidence{Pod: &corev1.Pod{}})
		assert.Equal(t, state.Pending, s.Phase, reason)
		if want == "" {
			assert.Nil(t, s.Failure, reason)
			continue
		}
		assert.Equal(t, &state.Failure{Fault: state.FaultPlatform, Reason: want, Step: "guilty", Container: "guilty", Message: "told"}, s.Failure, reason)
	}
}
