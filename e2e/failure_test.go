package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A verdict is what engine and Pod say of a run that failed.
type verdict struct {
	engine    string // Tekton's reason, Argo's phase
	container string
	reason    string
	exitCode  int32
	pods      int
}

// A failure is a way in which the middle one of three containers fails, so that neither the
// first nor the last is taken for it.
type failure struct {
	container string // fields of the one to blame
	options   map[string]string
	backoff   int
	want      map[string]verdict
}

var failures = map[string]failure{
	"exit": {
		container: "{image: IMAGE, command: [probe], env: [{name: PROBE, value: exit=3}]}",
		want: map[string]verdict{
			"tekton": {engine: "StepFailed", container: "guilty", reason: "Error", exitCode: 3, pods: 1},
			"argo":   {engine: "Failed", container: "guilty", reason: "Error", exitCode: 3, pods: 1},
		},
	},
	"terminated": {
		container: "{image: IMAGE, command: [probe], env: [{name: PROBE, value: exit=143}]}",
		want: map[string]verdict{
			"tekton": {engine: "StepFailed", container: "guilty", reason: "Error", exitCode: 143, pods: 1},
			"argo":   {engine: "Failed", container: "guilty", reason: "Error", exitCode: 143, pods: 1},
		},
	},
	"out-of-memory": {
		container: "{image: IMAGE, command: [probe], env: [{name: PROBE, value: eat=400}]}",
		want: map[string]verdict{
			// The kernel killed the program and not Tekton's entrypoint above it.
			"tekton": {engine: "StepOOM", container: "guilty", reason: "OOMKilled", exitCode: 255, pods: 1},
			"argo":   {engine: "Failed", container: "guilty", reason: "OOMKilled", exitCode: 137, pods: 1},
		},
	},
	"no-such-program": {
		container: "{image: IMAGE, command: [nowhere]}",
		want: map[string]verdict{
			"tekton": {engine: "StepFailed", container: "guilty", reason: "Error", exitCode: 1, pods: 1},
			"argo":   {engine: "Failed", container: "guilty", reason: "StartError", exitCode: 128, pods: 1},
		},
	},
	"no-such-image": {
		container: "{image: REGISTRY/nowhere:e2e, command: [probe]}",
		options:   map[string]string{"timeout": "20s"},
		want: map[string]verdict{
			"tekton": {engine: "TaskRunImagePullFailed"},
			"argo":   {engine: "Failed"},
		},
	},
	"no-such-secret": {
		container: "{image: IMAGE, command: [probe], envFrom: [{secretRef: {name: nowhere}}]}",
		options:   map[string]string{"timeout": "20s"},
		want: map[string]verdict{
			"tekton": {engine: "CreateContainerConfigError"},
			"argo":   {engine: "Failed"},
		},
	},
	"no-command-and-no-registry": {
		container: "{image: 'localhost:1/probe:e2e'}",
		options:   map[string]string{"timeout": "20s"},
		want: map[string]verdict{
			"tekton": {engine: "PodCreationFailed"},
			"argo":   {engine: "Failed"},
		},
	},
	"retried": {
		container: "{image: IMAGE, command: [probe], env: [{name: PROBE, value: exit=3}]}",
		backoff:   1,
		want: map[string]verdict{
			"tekton": {engine: "StepFailed", container: "guilty", reason: "Error", exitCode: 3, pods: 2},
			"argo":   {engine: "Failed", container: "guilty", reason: "Error", exitCode: 3, pods: 2},
		},
	},
	"timeout": {
		container: "{image: IMAGE, command: [probe], env: [{name: PROBE, value: sleep=600}]}",
		options:   map[string]string{"timeout": "8s"},
		want: map[string]verdict{
			"tekton": {engine: "TaskRunTimeout"},
			"argo":   {engine: "Failed"},
		},
	},
}

// TestFailures demands that every failure ends its run, and that the Pod names who is to blame.
func TestFailures(t *testing.T) {
	for name, test := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCase(t, name, failingPromise(name, test.container, test.backoff), test.options)
			for _, e := range engines {
				t.Run(e.name, func(t *testing.T) {
					runs := e.run(t, c.compile(t, e.name))
					got := e.judge(t, runs[0])
					if test.want[e.name].container == "" {
						got = verdict{engine: got.engine} // the engine ended it, and its Pod is about to go
					}
					if !assert.Equal(t, test.want[e.name], got) {
						t.Log(describe(runs[0]))
					}
				})
			}
		})
	}
}

// judge reads the Pod and not only the engine's status, which names the wrong
// container at times.
func (e engine) judge(t *testing.T, run *unstructured.Unstructured) verdict {
	t.Helper()
	pods := e.pods(t, run)
	found := verdict{engine: e.reason(run), pods: len(pods)}
	for _, pod := range pods {
		for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			if end := status.State.Terminated; end != nil && end.ExitCode != 0 {
				found.container, found.reason, found.exitCode = strings.TrimPrefix(status.Name, "step-"), end.Reason, end.ExitCode
				break
			}
		}
		firstFile(t, &pod)
	}
	return found
}

// firstFile demands that an attempt begins with empty directories.
func firstFile(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if strings.TrimPrefix(container.Name, "step-") != "first" {
			continue
		}
		log, err := shared.Typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: container.Name}).DoRaw(bounded(t))
		if err == nil && len(log) > 0 { // a Pod that never started has no log
			require.Contains(t, string(log), "probe: wrote /kratix/output/0.json")
		}
	}
}

func (e engine) reason(run *unstructured.Unstructured) string {
	if e.name == "argo" {
		phase, _, _ := unstructured.NestedString(run.Object, "status", "phase")
		return phase
	}
	conditions, _, _ := unstructured.NestedSlice(run.Object, "status", "conditions")
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok && fields["type"] == "Succeeded" {
			return fmt.Sprint(fields["reason"])
		}
	}
	return ""
}

func failingPromise(name, container string, backoff int) string {
	fields := strings.TrimSuffix(strings.TrimPrefix(container, "{"), "}")
	return fmt.Sprintf(`apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: %[1]s}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: things.example.org}
    spec:
      group: example.org
      scope: Namespaced
      names: {kind: Thing, plural: things, singular: thing}
      versions:
        - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
  workflows:
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: fails}
          spec:
            jobOptions: {backoffLimit: %[3]d}
            containers:
              - {name: first, image: IMAGE, command: [probe]}
              - {name: guilty, %[2]s}
              - {name: last, image: IMAGE, command: [probe]}
---
apiVersion: example.org/v1
kind: Thing
metadata: {name: one, namespace: NAMESPACE}
`, name, fields, backoff)
}
