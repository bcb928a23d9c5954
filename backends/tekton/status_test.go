// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// taskRunOf has the steps first, guilty and last, and this status.
func taskRunOf(t *testing.T, status string) *unstructured.Unstructured {
	t.Helper()
	run := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(`
metadata: {name: one, annotations: {kratix-compile.io/renamed: '{"kratix-harvest": "user-kratix-harvest"}'}}
spec:
  retries: 1
  taskSpec: {steps: [{name: first, command: [a]}, {name: user-kratix-harvest, command: [a]}, {name: kratix-harvest, command: [a]}]}
status: `+status), &run.Object))
	return run
}

func condition1(status, reason, message string) string {
	return fmt.Sprintf("conditions: [{type: Succeeded, status: '%s', reason: %s, message: %q}]", status, reason, message)
}

// TestRefusedTaskRuns has the conditions of TaskRuns that never had a Pod.
func TestRefusedTaskRuns(t *testing.T) {
	for name, test := range map[string]struct {
		reason, message string
		want            state.Failure
	}{
		"admission": {"PodAdmissionFailed", `pods "one-pod" is forbidden: violates PodSecurity "restricted:latest"`, state.Failure{Fault: state.FaultPolicy, Reason: state.PodForbidden}},
		"webhook":   {"PodCreationFailed", `failed to create task run pod "one": admission webhook "x" denied the request: no`, state.Failure{Fault: state.FaultPolicy, Reason: state.PodForbidden}},
		"account":   {"PodCreationFailed", `failed to create task run pod "one": translating TaskSpec to Pod: serviceaccounts "nowhere" not found. Maybe invalid TaskSpec`, state.Failure{Fault: state.FaultPlatform, Reason: state.ServiceAccountNotFound}},
		"other":     {"PodCreationFailed", "failed to create task run pod \"one\": translating TaskSpec to Pod: no idea", state.Failure{Fault: state.FaultPlatform, Reason: state.EngineError}},
		"invalid":   {"TaskRunValidationFailed", `non-existent variable in "$(params.x)"`, state.Failure{Fault: state.FaultPolicy, Reason: state.InvalidSpec}},
		"new":       {"SomethingOfTomorrow", "who knows", state.Failure{Fault: state.FaultPlatform, Reason: state.EngineError}},
	} {
		t.Run(name, func(t *testing.T) {
			run := taskRunOf(t, "{completionTime: '2026-11-23T17:00:00Z', "+condition1("False", test.reason, test.message)+"}")
			s := Observer{}.Observe(run, nil)
			test.want.Message = test.message
			assert.Equal(t, state.Failed, s.Phase)
			assert.Equal(t, &test.want, s.Failure)
			for _, step := range s.Steps {
				assert.Equal(t, state.StepSkipped, step.Phase, step.Name)
			}
		})
	}
}

// TestEnded has TaskRuns that fail without a completionTime.
func TestEnded(t *testing.T) {
	failed := condition1("False", "CreateContainerConfigError", "Failed to create pod due to config error")
	waiting := `podName: one-pod, steps: [{name: first, waiting: {reason: CreateContainerConfigError, message: no such secret}}]`
	for name, test := range map[string]struct {
		status  string
		want    state.Phase
		attempt int
	}{
		"unseen":              {"{}", state.Pending, 0},
		"with a retry left":   {"{" + failed + ", " + waiting + "}", state.Pending, 1},
		"with no retry left":  {"{" + failed + ", " + waiting + ", retriesStatus: [{podName: zero-pod}]}", state.Failed, 2},
		"to be retried":       {"{" + condition1("Unknown", "ToBeRetried", "") + ", retriesStatus: [{podName: zero-pod}]}", state.Running, 2},
		"timed out":           {"{completionTime: '2026-11-23T17:00:00Z', " + condition1("False", "TaskRunTimeout", "") + "}", state.TimedOut, 1},
		"cancelled":           {"{completionTime: '2026-11-23T17:00:00Z', " + condition1("False", "TaskRunCancelled", "") + "}", state.Cancelled, 1},
		"succeeded":           {"{completionTime: '2026-11-23T17:00:00Z', " + condition1("True", "Succeeded", "") + "}", state.Succeeded, 1},
		"succeeded long ago":  {"{podName: one-pod, completionTime: '2026-11-23T17:00:00Z', " + condition1("True", "Succeeded", "") + "}", state.Succeeded, 1},
		"waiting for a quota": {"{" + condition1("Unknown", "ExceededResourceQuota", "exceeded quota") + "}", state.Pending, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := Observer{}.Observe(taskRunOf(t, test.status), nil)
			assert.Equal(t, test.want, s.Phase)
			assert.Equal(t, test.attempt, s.Attempt)
		})
	}
}

// TestPostponed: while Tekton keeps a TaskRun waiting its own reason is told, and what it says
// of every Pod that starts is not.
func TestPostponed(t *testing.T) {
	const taken = "tried to create pod, but it already exists"
	for name, test := range map[string]struct {
		reason, message string
		want            *state.Failure
	}{
		"held by its spec": {"TaskRunPending", `TaskRun "one" is pending`, &state.Failure{Reason: state.Postponed, Message: "the TaskRun is pending; it goes on when spec.status is removed"}},
		"resolution":       {"ResolvingTaskRef", "TaskRun a/one awaiting remote resource", &state.Failure{Reason: state.Postponed, Message: "TaskRun a/one awaiting remote resource"}},
		"a step's":         {"ResolvingStepActionRef", "TaskRun a/one awaiting remote StepAction", &state.Failure{Reason: state.Postponed, Message: "TaskRun a/one awaiting remote StepAction"}},
		"a Pod of another": {"Pending", taken, &state.Failure{Reason: state.Postponed, Message: taken}},
		"an image":         {"PullImageFailed", `build step "step-first" is pending with reason "Back-off pulling image"`, &state.Failure{Reason: state.ImagePullBackOff, Message: `build step "step-first" is pending with reason "Back-off pulling image"`}},
		"a Pod that comes": {"Pending", `pod status "PodReadyToStartContainers":"False"; message: ""`, nil},
		"started":          {"Started", "", nil},
		"running":          {"Running", "Not all Steps in the Task have finished executing", nil},
	} {
		t.Run(name, func(t *testing.T) {
			quoted, err := json.Marshal(test.message)
			require.NoError(t, err)
			s := Observer{}.Observe(taskRunOf(t, "{conditions: [{type: Succeeded, status: Unknown, reason: "+test.reason+", message: "+string(quoted)+"}]}"), nil)
			if test.want != nil {
				test.want.Fault = state.FaultPlatform
			}
			assert.Equal(t, test.want, s.Failure)
			assert.Equal(t, state.Pending, s.Phase)
		})
	}
}

// TestRetried shows the attempt before until there is a new Pod.
func TestRetried(t *testing.T) {
	old := podOf("one-pod", 3)
	run := taskRunOf(t, "{"+condition1("Unknown", "ToBeRetried", "")+", retriesStatus: [{podName: one-pod}]}")
	s := Observer{}.Observe(run, []corev1.Pod{old})
	assert.Equal(t, state.Running, s.Phase)
	assert.Equal(t, "one-pod", s.Pod)
	require.NotNil(t, s.Failure)
	assert.Equal(t, int32(3), s.Failure.ExitCode)

	begun := podOf("one-pod-retry1", 0)
	begun.Status = corev1.PodStatus{Phase: corev1.PodPending}
	run = taskRunOf(t, "{"+condition1("Unknown", "Pending", "")+", podName: one-pod-retry1, retriesStatus: [{podName: one-pod}], steps: [{name: first, terminated: {exitCode: 3, reason: Error}}]}")
	s = Observer{}.Observe(run, []corev1.Pod{begun, old})
	assert.Equal(t, "one-pod-retry1", s.Pod)
	assert.Nil(t, s.Failure, "of the attempt before")
	assert.Equal(t, state.StepWaiting, s.Steps[0].Phase)
}

// podOf ended with this exit code of the first step.
func podOf(name string, exitCode int32) corev1.Pod {
	skipped := `[{"key":"StartedAt","value":"2026-11-23T17:12:36.832Z","type":3},{"key":"Reason","value":"Skipped","type":3}]`
	end := func(container string, code int32, reason, message string) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: container, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: message}}}
	}
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Status: corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{
			end("step-kratix-harvest", 1, "Error", skipped), end("step-user-kratix-harvest", 1, "Error", skipped), end("step-first", exitCode, "Error", ""),
		}},
	}
}

// TestNames tells the user's container from the harvest, also if it is called so.
func TestNames(t *testing.T) {
	s := Observer{}.Observe(taskRunOf(t, "{"+condition1("Unknown", "Running", "")+"}"), nil)
	assert.Equal(t, []state.Step{
		{Name: "first", Container: "step-first", Phase: state.StepWaiting},
		{Name: "kratix-harvest", Container: "step-user-kratix-harvest", Phase: state.StepWaiting},
		{Name: "kratix-harvest", Container: "step-kratix-harvest", Harvest: true, Phase: state.StepWaiting},
	}, s.Steps)
}

// TestPodLost has the Pod's word against Tekton's: a step that was killed with
// its Pod is not to blame.
func TestPodLost(t *testing.T) {
	pod := podOf("one-pod", 137)
	pod.Status.Reason, pod.Status.Message = "Evicted", "The node was low on resource: memory."
	run := taskRunOf(t, "{podName: one-pod, completionTime: '2026-11-23T17:00:00Z', "+condition1("False", "PodEvicted", "The node was low on resource: memory.")+"}")
	s := Observer{}.Observe(run, []corev1.Pod{pod})
	assert.Equal(t, &state.Failure{
		Fault: state.FaultPlatform, Reason: state.Evicted, Step: "first", Container: "step-first", Message: "The node was low on resource: memory.",
	}, s.Failure)

	s = Observer{}.Observe(run, nil)
	assert.Equal(t, state.Evicted, s.Failure.Reason, "also when the Pod is gone")
}

// TestPodDeleted is from a real TaskRun: Tekton blames the step, and makes a new
// Pod of the same name.
func TestPodDeleted(t *testing.T) {
	run := taskRunOf(t, "{podName: one-pod, completionTime: '2026-11-23T17:00:00Z', "+condition1("False", "StepFailed", `"step-guilty" exited with code 255: Error`)+`, steps: [
  {name: first, terminationReason: Error, terminated: {exitCode: 255, reason: Error}},
  {name: user-kratix-harvest, terminated: {exitCode: 2, reason: Error}},
  {name: kratix-harvest, terminated: {exitCode: 2, reason: Error}}]}`)
	s := Observer{}.Observe(run, []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "one-pod"}, Status: corev1.PodStatus{Phase: corev1.PodPending}}})
	assert.Equal(t, state.Failed, s.Phase)
	assert.Equal(t, state.PodDeleted, s.Failure.Reason)
	assert.Equal(t, "first", s.Failure.Step)
}

// TestAddLog has the lines that Tekton's program writes into users' logs.
func TestAddLog(t *testing.T) {
	failed := func() state.State {
		return state.State{
			Phase: state.Failed, Steps: []state.Step{{Name: "guilty", Container: "step-guilty", Phase: state.StepDone, ExitCode: 1, Reason: state.Error}},
			Failure: &state.Failure{Reason: state.Error, Step: "guilty", Container: "step-guilty", ExitCode: 1},
		}
	}
	noProgram := `2026/11/23 17:12:36 Error executing command: exec: "nowhere": executable file not found in $PATH`
	for name, test := range map[string]struct {
		lines, log []string
		reason     state.Reason
		exitCode   int32
	}{
		"no such program":            {[]string{noProgram}, []string{}, state.StartError, 128},
		"cancelled":                  {[]string{"mine", "2026/11/23 17:12:40 INFO Step was canceling", "2026/11/23 17:12:40 Step was cancelled"}, []string{"mine"}, state.Error, 1},
		"a program that only failed": {[]string{"Error executing command: mine"}, []string{"Error executing command: mine"}, state.Error, 1},
		"the line is not the last":   {[]string{noProgram, "mine"}, []string{noProgram, "mine"}, state.Error, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := failed()
			Observer{}.AddLog(&s, test.lines)
			assert.Equal(t, test.log, s.Failure.Log)
			assert.Equal(t, test.reason, s.Failure.Reason)
			assert.Equal(t, test.exitCode, s.Failure.ExitCode)
			assert.Equal(t, test.exitCode, s.Steps[0].ExitCode)
		})
	}
}
