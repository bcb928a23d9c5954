// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// Observer tells what became of Workflows; its zero value is ready to use.
type Observer struct{}

// Observe reads a Workflow and its Pods. Pods that are gone may be missing. If a Workflow has
// several Pipelines, the state is that of the one that ran last.
func (Observer) Observe(run *unstructured.Unstructured, pods []corev1.Pod) state.State {
	w := state.Decode[workflowRun](run)
	node := w.attempt()
	pod := node.pod(pods)
	s := state.State{
		Phase: w.phase(node, pod), Attempt: w.attempts(node), Steps: w.steps(node, pod),
		Unseen: w.Status.Phase == "" && pod == nil, ToldToEnd: w.Spec.Shutdown != "",
		Ended: state.Time(w.Status.FinishedAt),
	}
	if pod != nil {
		s.Pod = pod.Name
	}
	// Argo deletes Pods as well, but before that it says in the Workflow that it is to end.
	deleted := pod != nil && pod.DeletionTimestamp != nil && s.Phase == state.Running && w.Spec.Shutdown == ""
	s.Judge(state.Evidence{Pod: pod, Engine: ownContainers, Deleted: deleted, Told: w.told(node, pod)})
	return s
}

// Pods are the names of the Pods that Argo has made for a Workflow. Argo writes down nodes, not
// Pods. The node run-123 with the template build has the Pod run-build-123, or the Pod run-123
// if the controller has POD_NAMES=v1.
func (Observer) Pods(run *unstructured.Unstructured) []string {
	var names []string
	for _, n := range state.Decode[workflowRun](run).podNodes() {
		names = append(names, n.ID)
		if number, ok := strings.CutPrefix(n.ID, run.GetName()+"-"); ok {
			names = append(names, run.GetName()+"-"+n.TemplateName+"-"+number)
		}
	}
	return names
}

// noProgram is what Argo's program, which starts that of the main container, writes if there is
// no program to start. Its exit code is 64 then.
const noProgram = "failed to find name in PATH: "

// AddLog gives the failure the last lines of its step's log, without those that Argo's program
// writes in the main container.
func (Observer) AddLog(s *state.State, lines []string) {
	f := s.Failure
	if f.Container != mainContainer {
		f.Log = lines
		return
	}
	for _, line := range lines {
		reason, said := strings.CutPrefix(strings.TrimPrefix(line, "Error: "), noProgram)
		switch {
		case strings.Contains(line, " argo=true"):
		case said && (f.ExitCode == 64 || f.Reason == state.StartError):
			s.CannotStart(reason)
		default:
			f.Log = append(f.Log, line)
		}
	}
}

// Slim takes out of a run what Observe does not read.
func (Observer) Slim(run *unstructured.Unstructured) { state.Slim[workflowRun](run) }

// ownContainers are those that Argo adds to a Pod; supervisor is of 4.1.
var ownContainers = []string{"init", "wait", "supervisor"}

// workflowRun is what matters here of a Workflow.
type workflowRun struct {
	Spec struct {
		Shutdown  string     `json:"shutdown"`
		Suspend   bool       `json:"suspend"`
		Templates []template `json:"templates"`
	} `json:"spec"`
	Status struct {
		Phase      string          `json:"phase"`
		Message    string          `json:"message"`
		FinishedAt string          `json:"finishedAt"`
		Nodes      map[string]node `json:"nodes"`
	} `json:"status"`
}

type template struct {
	Name     string `json:"name"`
	Metadata struct {
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	InitContainers []struct {
		Name string `json:"name"`
	} `json:"initContainers"`
	Container *struct{} `json:"container"`
}

// node is a Pod, or a group of nodes.
type node struct {
	ID           string `json:"id"`
	Name         string `json:"displayName"`
	Type         string `json:"type"`
	TemplateName string `json:"templateName"`
	Phase        string `json:"phase"`
	Message      string `json:"message"`
	StartedAt    string `json:"startedAt"`
	// HostNodeName is empty if the Pod never had a node.
	HostNodeName string `json:"hostNodeName"`
	Lock         struct {
		Waiting string `json:"waiting"`
	} `json:"synchronizationStatus"`
}

// nodes are those that are wanted, the oldest first.
func (w workflowRun) nodes(wanted func(node) bool) []node {
	var found []node
	for _, n := range w.Status.Nodes {
		if wanted(n) {
			found = append(found, n)
		}
	}
	slices.SortFunc(found, func(a, b node) int { return cmp.Or(cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.ID, b.ID)) })
	return found
}

func (w workflowRun) podNodes() []node {
	return w.nodes(func(n node) bool { return n.Type == "Pod" })
}

// attempt is the node of the newest Pod; empty if there is none yet.
func (w workflowRun) attempt() node {
	if nodes := w.podNodes(); len(nodes) > 0 {
		return nodes[len(nodes)-1]
	}
	return node{}
}

// attempts counts those of the node's Pipeline.
func (w workflowRun) attempts(of node) int {
	count := 0
	for _, n := range w.podNodes() {
		if n.TemplateName == of.TemplateName {
			count++
		}
	}
	return count
}

func (n node) pod(pods []corev1.Pod) *corev1.Pod {
	i := slices.IndexFunc(pods, func(p corev1.Pod) bool { return n.ID != "" && p.Annotations["workflows.argoproj.io/node-id"] == n.ID })
	if i < 0 {
		return nil
	}
	return &pods[i]
}

// timedOut are Argo's words for a time limit that was reached: that of the Workflow, at which
// Argo deletes a Pod whose main container has not begun, and that of the retries.
var timedOut = []string{"Step exceeded its deadline", "retry exceeded workflow deadline", "Max duration limit exceeded"}

func (w workflowRun) phase(n node, pod *corev1.Pod) state.Phase {
	switch w.Status.Phase {
	case "Succeeded":
		return state.Succeeded
	case "Failed", "Error":
	default:
		return state.Running
	}
	switch {
	case w.Spec.Shutdown != "":
		return state.Cancelled
	case state.OverDeadline(pod), slices.Contains(timedOut, n.Message):
		return state.TimedOut
	default:
		return state.Failed
	}
}
