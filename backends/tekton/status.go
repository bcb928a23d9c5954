// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"cmp"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// Observer tells what became of TaskRuns; its zero value is ready to use.
type Observer struct{}

// Observe reads a TaskRun and its Pods. Pods that are gone may be missing.
func (Observer) Observe(run *unstructured.Unstructured, pods []corev1.Pod) state.State {
	r := state.Decode[taskRun](run)
	pod := r.pod(pods)
	s := state.State{
		Phase: r.phase(), Attempt: r.attempt(), Pod: r.Status.PodName, Steps: r.steps(pod),
		Unseen: len(r.Status.Conditions) == 0 && pod == nil, ToldToEnd: r.Spec.Status != "",
	}
	if r.ended() {
		s.Ended = state.Time(cmp.Or(r.Status.CompletionTime, r.succeeded().LastTransitionTime))
	}
	if pod != nil {
		s.Pod, s.Attempt = pod.Name, max(s.Attempt, 1)
	}
	s.Judge(state.Evidence{Pod: pod, Engine: ownContainers, Deleted: r.deleted(s.Steps), Told: r.told()})
	return s
}

// Pods are the names of those that Tekton has made for a TaskRun.
func (Observer) Pods(run *unstructured.Unstructured) []string {
	status := state.Decode[taskRun](run).Status
	var names []string
	for _, attempt := range status.RetriesStatus {
		names = append(names, attempt.PodName)
	}
	names = append(names, status.PodName)
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// own are the lines that Tekton's program adds to the end of a step's log.
var own = regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?:INFO Step was canceling|Step was cancelled|Skipping step because .*|Error executing command: (.*))$`)

// AddLog gives the failure the last lines of its step's log, without those of Tekton. One of
// Tekton's lines is the only sign of a program that could not be started.
func (Observer) AddLog(s *state.State, lines []string) {
	f := s.Failure
	for len(lines) > 0 {
		found := own.FindStringSubmatch(lines[len(lines)-1])
		if found == nil {
			break
		}
		lines = lines[:len(lines)-1]
		if found[1] != "" && f.Reason == state.Error && f.ExitCode == 1 {
			s.CannotStart(found[1])
		}
	}
	f.Log = lines
}

// Slim takes out of a run what Observe does not read.
func (Observer) Slim(run *unstructured.Unstructured) { state.Slim[taskRun](run) }

// ownContainers are those that Tekton adds to a Pod.
var ownContainers = []string{"prepare", "place-scripts", "working-dir-initializer"}

// taskRun is what matters here of a TaskRun.
type taskRun struct {
	Metadata struct {
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Retries  int    `json:"retries"`
		Status   string `json:"status"`
		TaskSpec struct {
			Steps []struct {
				Name    string   `json:"name"`
				Command []string `json:"command"`
			} `json:"steps"`
		} `json:"taskSpec"`
	} `json:"spec"`
	Status struct {
		PodName        string      `json:"podName"`
		CompletionTime string      `json:"completionTime"`
		Conditions     []condition `json:"conditions"`
		RetriesStatus  []attempt   `json:"retriesStatus"`
		Steps          []stepState `json:"steps"`
	} `json:"status"`
}

type attempt struct {
	PodName string `json:"podName"`
}

type condition struct {
	Type               string `json:"type"`
	Status             string `json:"status"`
	Reason             string `json:"reason"`
	Message            string `json:"message"`
	LastTransitionTime string `json:"lastTransitionTime"`
}

type stepState struct {
	corev1.ContainerState `json:",inline"`
	Name                  string `json:"name"`
	TerminationReason     string `json:"terminationReason"`
}

// succeeded is the condition that says how far the TaskRun is.
func (r taskRun) succeeded() condition {
	for _, c := range r.Status.Conditions {
		if c.Type == "Succeeded" {
			return c
		}
	}
	return condition{Status: "Unknown"}
}

// ended does not rely on completionTime: a TaskRun fails without one if the configuration of
// its Pod is wrong, and it has none between two attempts.
func (r taskRun) ended() bool {
	return r.succeeded().Status != "Unknown" && (r.Status.CompletionTime != "" || len(r.Status.RetriesStatus) >= r.Spec.Retries)
}

func (r taskRun) phase() state.Phase {
	c := r.succeeded()
	switch {
	case !r.ended():
		return state.Running
	case c.Status == "True":
		return state.Succeeded
	case c.Reason == "TaskRunTimeout":
		return state.TimedOut
	case c.Reason == "TaskRunCancelled":
		return state.Cancelled
	default:
		return state.Failed
	}
}

// attempt is 0 until Tekton has looked at the TaskRun.
func (r taskRun) attempt() int {
	if len(r.Status.Conditions) == 0 {
		return 0
	}
	return len(r.Status.RetriesStatus) + 1
}

// pod is the Pod of the attempt. While there is none yet, it is the Pod of the attempt before.
func (r taskRun) pod(pods []corev1.Pod) *corev1.Pod {
	if name := r.Status.PodName; name != "" {
		i := slices.IndexFunc(pods, func(p corev1.Pod) bool { return p.Name == name })
		if i < 0 {
			return nil
		}
		return &pods[i]
	}
	if len(pods) == 0 || r.ended() {
		return nil
	}
	newest := slices.MaxFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return &newest
}
