// SPDX-License-Identifier: Apache-2.0

package argo

import (
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

// workflowRunOf has two Pipelines, fetch and build, and this much more.
func workflowRunOf(t *testing.T, more string) *unstructured.Unstructured {
	t.Helper()
	run := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(`
metadata: {name: one}
spec:
  templates:
  - {name: pipelines, steps: [[{name: fetch, template: fetch}], [{name: build, template: build}]]}
  - {name: fetch, initContainers: [{name: get}], container: {name: main}}
  - name: build
    metadata: {annotations: {kratix-compile.io/renamed: '{"main": "user-main"}'}}
    initContainers: [{name: user-main}, {name: last}]
    container: {name: main}
`), &run.Object))
	var extra struct{ Spec, Status map[string]any }
	require.NoError(t, yaml.Unmarshal([]byte(more), &extra))
	for key, value := range extra.Spec {
		require.NoError(t, unstructured.SetNestedField(run.Object, value, "spec", key))
	}
	require.NoError(t, unstructured.SetNestedMap(run.Object, extra.Status, "status"))
	return run
}

// nodeOf is a Pod of a template that started in this minute.
func nodeOf(id, template string, minute int, more string) string {
	return fmt.Sprintf("%[1]s: {id: %[1]s, type: Pod, templateName: %[2]s, startedAt: '2026-11-23T17:%02[3]d:00Z', hostNodeName: e2e, %[4]s}", id, template, minute, more)
}

func podOf(node string, status corev1.PodStatus) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "pod-" + node, Annotations: map[string]string{"workflows.argoproj.io/node-id": node}},
		Status:     status,
	}
}

func ended(container string, exitCode int32, reason string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: container, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: exitCode, Reason: reason}}}
}

// TestSeveralPipelines tells of the one that ran last, and counts its attempts only.
func TestSeveralPipelines(t *testing.T) {
	run := workflowRunOf(t, "status: {phase: Running, nodes: {"+
		nodeOf("c", "build", 3, "phase: Pending")+", "+nodeOf("a", "fetch", 1, "phase: Succeeded")+", "+nodeOf("b", "build", 2, "phase: Error")+"}}")
	now := podOf("c", corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{
		ended("init", 0, ""), {Name: "user-main", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}},
	}})
	before := podOf("b", corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{ended("user-main", 3, "Error")}})
	s := Observer{}.Observe(run, []corev1.Pod{before, now})
	assert.Equal(t, state.State{Phase: state.Running, Attempt: 2, Pod: "pod-c", Steps: []state.Step{
		{Name: "main", Container: "user-main", Phase: state.StepRunning},
		{Name: "last", Container: "last", Phase: state.StepWaiting},
		{Name: "kratix-harvest", Container: "main", Harvest: true, Phase: state.StepWaiting},
	}}, s)
}

// TestPhases has what Argo says of Workflows, and nothing of Pods.
func TestPhases(t *testing.T) {
	for name, test := range map[string]struct {
		more string
		want state.Phase
		why  *state.Failure
	}{
		"unseen":    {"status: {}", state.Pending, nil},
		"postponed": {"status: {phase: Pending}", state.Pending, nil},
		"succeeded": {"status: {phase: Succeeded}", state.Succeeded, nil},
		"succeeded although it was to be cancelled": {"{spec: {shutdown: Stop}, status: {phase: Succeeded}}", state.Succeeded, nil},
		"cancelled": {"{spec: {shutdown: Terminate}, status: {phase: Failed, message: Stopped with strategy 'Terminate'}}", state.Cancelled, nil},
		"invalid": {
			"status: {phase: Failed, message: 'invalid spec: templates.a: failed to resolve {{item.x}}'}", state.Failed,
			&state.Failure{Fault: state.FaultPolicy, Reason: state.InvalidSpec, Message: "invalid spec: templates.a: failed to resolve {{item.x}}"},
		},
		"over quota": {
			`status: {phase: Running, nodes: {a: {id: a, type: Pod, templateName: fetch, phase: Pending, message: 'pods "x" is forbidden: exceeded quota: none'}}}`, state.Pending,
			&state.Failure{Fault: state.FaultPlatform, Reason: state.QuotaExceeded, Message: `pods "x" is forbidden: exceeded quota: none`},
		},
		"refused": {
			`status: {phase: Failed, nodes: {a: {id: a, type: Pod, templateName: fetch, phase: Error, message: 'admission webhook "x" denied the request: no'}}}`, state.Failed,
			&state.Failure{Fault: state.FaultPolicy, Reason: state.PodForbidden, Message: `admission webhook "x" denied the request: no`},
		},
		"time is up before there was a Pod": {
			"status: {phase: Failed, nodes: {a: {id: a, type: Pod, templateName: fetch, phase: Failed, message: Step exceeded its deadline}}}", state.Failed,
			&state.Failure{Fault: state.FaultPlatform, Reason: state.EngineError, Message: "the time limit was reached before there was a Pod on a node"},
		},
		"time is up and the Pod gone": {
			"status: {phase: Failed, nodes: {" + nodeOf("a", "fetch", 1, "phase: Failed, message: Step exceeded its deadline") + "}}", state.TimedOut,
			&state.Failure{Fault: state.FaultContainer, Reason: state.DeadlineExceeded},
		},
		"deleted": {
			"status: {phase: Failed, nodes: {" + nodeOf("a", "fetch", 1, "phase: Error, message: pod deleted") + "}}", state.Failed,
			&state.Failure{Fault: state.FaultPlatform, Reason: state.PodDeleted, Message: "the Pod was deleted before it ended"},
		},
		"an error of Argo's own": {
			"status: {phase: Error, message: etcd is tired}", state.Failed,
			&state.Failure{Fault: state.FaultPlatform, Reason: state.EngineError, Message: "etcd is tired"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := Observer{}.Observe(workflowRunOf(t, test.more), nil)
			assert.Equal(t, test.want, s.Phase)
			assert.Equal(t, test.why, s.Failure)
		})
	}
}

// TestPostponed: while Argo keeps a Workflow waiting its own reason is told, and nothing of it
// while a Pod is at work.
func TestPostponed(t *testing.T) {
	const lock = "Waiting for ns/Semaphore/x lock. Lock status: 0/1"
	over := podOf("a", corev1.PodStatus{Phase: corev1.PodSucceeded, InitContainerStatuses: []corev1.ContainerStatus{ended("get", 0, "")}})
	atWork := podOf("a", corev1.PodStatus{Phase: corev1.PodRunning})
	for name, test := range map[string]struct {
		more, want string
		pods       []corev1.Pod
	}{
		"unseen":      {"status: {}", "", nil},
		"parallelism": {"status: {phase: Pending, message: Workflow processing has been postponed because too many workflows are already running}", "Workflow processing has been postponed because too many workflows are already running", nil},
		"semaphore":   {"status: {phase: Pending, message: '" + lock + "'}", lock, nil},
		"lock lost":   {"status: {phase: Running, message: '" + lock + "'}", lock, nil},
		"lock of a template": {
			"status: {phase: Running, nodes: {a: {id: a, type: Pod, templateName: fetch, phase: Pending, message: '" + lock + "', synchronizationStatus: {waiting: ns/Semaphore/x}}}}", lock, nil,
		},
		"lock of the next Pipeline": {
			"status: {phase: Running, nodes: {" + nodeOf("a", "fetch", 1, "phase: Succeeded") + ", b: {id: b, type: Retry, templateName: build, phase: Pending, synchronizationStatus: {waiting: ns/Mutex/x}}}}",
			"Waiting for ns/Mutex/x lock",
			[]corev1.Pod{over},
		},
		"suspended":           {"{spec: {suspend: true}, status: {phase: Running}}", "the Workflow is suspended; it goes on when spec.suspend is removed (argo resume)", nil},
		"suspended at a step": {"status: {phase: Running, nodes: {a: {id: a, type: Suspend, displayName: approve, phase: Running}}}", `the Workflow is suspended at its step "approve"; it goes on with argo resume`, nil},
		"suspended, and a Pod goes on": {
			"{spec: {suspend: true}, status: {phase: Running, nodes: {" + nodeOf("a", "fetch", 1, "phase: Running") + "}}}", "", []corev1.Pod{atWork},
		},
		"a lock that was got": {
			"status: {phase: Running, message: '" + lock + "', nodes: {" + nodeOf("a", "fetch", 1, "phase: Running") + "}}", "", []corev1.Pod{atWork},
		},
		"suspended and ended": {"{spec: {suspend: true, shutdown: Terminate}, status: {phase: Failed}}", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := Observer{}.Observe(workflowRunOf(t, test.more), test.pods)
			if test.want == "" {
				assert.Nil(t, s.Failure)
				return
			}
			assert.Equal(t, &state.Failure{Fault: state.FaultPlatform, Reason: state.Postponed, Message: test.want}, s.Failure)
			assert.False(t, s.Phase.Ended())
			assert.Equal(t, "Postponed: "+test.want, s.Message())
		})
	}
}

// TestKilledContainer is what Argo calls an error of the container after it.
func TestKilledContainer(t *testing.T) {
	waiting := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}
	run := workflowRunOf(t, "status: {phase: Failed, nodes: {"+nodeOf("a", "build", 1, "phase: Error, message: 'Pod failed before last container starts due to PodInitializing: '")+"}}")
	pod := podOf("a", corev1.PodStatus{Phase: corev1.PodFailed, InitContainerStatuses: []corev1.ContainerStatus{
		ended("init", 0, ""), ended("user-main", 137, "OOMKilled"), {Name: "last", State: waiting},
	}})
	s := Observer{}.Observe(run, []corev1.Pod{pod})
	assert.Equal(t, &state.Failure{Fault: state.FaultContainer, Reason: state.OOMKilled, Step: "main", Container: "user-main", ExitCode: 137}, s.Failure)
}

// TestExecutor has a fault of Argo's own container: the service account may not report.
func TestExecutor(t *testing.T) {
	run := workflowRunOf(t, "status: {phase: Error, nodes: {"+nodeOf("a", "fetch", 1, "phase: Error, message: 'wait: Error (exit code 64)'")+"}}")
	pod := podOf("a", corev1.PodStatus{
		Phase:                 corev1.PodFailed,
		InitContainerStatuses: []corev1.ContainerStatus{ended("init", 0, ""), ended("get", 0, "")},
		ContainerStatuses:     []corev1.ContainerStatus{ended("main", 0, ""), ended("wait", 64, "Error")},
	})
	s := Observer{}.Observe(run, []corev1.Pod{pod})
	assert.Equal(t, state.EngineError, s.Failure.Reason)
	assert.Equal(t, "wait: Error (exit code 64) ", s.Failure.Message)
	assert.Empty(t, s.Failure.Step)
}

// TestPodBeingDeleted is somebody's doing, unless the Workflow was to end.
func TestPodBeingDeleted(t *testing.T) {
	pod := podOf("a", corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{ended("get", 2, "Error")}})
	pod.DeletionTimestamp = &metav1.Time{}
	node := "status: {phase: Running, nodes: {" + nodeOf("a", "fetch", 1, "phase: Pending") + "}}"
	s := Observer{}.Observe(workflowRunOf(t, node), []corev1.Pod{pod})
	assert.Equal(t, state.PodDeleted, s.Failure.Reason)

	s = Observer{}.Observe(workflowRunOf(t, "{spec: {shutdown: Stop}, "+node+"}"), []corev1.Pod{pod})
	assert.Equal(t, state.Error, s.Failure.Reason)
}

// TestAddLog has the log of a real harvest, and that of one that is not in its image.
func TestAddLog(t *testing.T) {
	missing := []string{
		`Error: failed to find name in PATH: exec: "/kratix-harvest": stat /kratix-harvest: no such file or directory`,
		`failed to find name in PATH: exec: "/kratix-harvest": stat /kratix-harvest: no such file or directory`,
	}
	logged := []string{"harvest: refused", `time="2026-11-23T17:47:00.000Z" level=info msg="sub-process exited" argo=true error="<nil>"`}
	for name, test := range map[string]struct {
		container string
		exitCode  int32
		lines     []string
		log       []string
		reason    state.Reason
	}{
		"harvest not there":    {"main", 64, missing, nil, state.StartError},
		"harvest failed":       {"main", 1, logged, logged[:1], state.Error},
		"a container's own":    {"user-main", 1, logged, logged, state.Error},
		"64 of the harvest":    {"main", 64, logged, logged[:1], state.Error},
		"such words of others": {"main", 1, missing, missing, state.Error},
	} {
		t.Run(name, func(t *testing.T) {
			s := state.State{
				Steps:   []state.Step{{Container: test.container, ExitCode: test.exitCode}},
				Failure: &state.Failure{Reason: state.Error, Container: test.container, ExitCode: test.exitCode},
			}
			Observer{}.AddLog(&s, test.lines)
			assert.Equal(t, test.log, s.Failure.Log)
			assert.Equal(t, test.reason, s.Failure.Reason)
			assert.Equal(t, s.Failure.ExitCode, s.Steps[0].ExitCode)
		})
	}
}
