// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"cmp"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// told is what Argo says went wrong or holds the Workflow up. It does not count for containers:
// if one is killed, Argo blames the next one.
func (w workflowRun) told(n node, pod *corev1.Pod) *state.Failure {
	phase := w.phase(n, pod)
	if held := w.held(pod); held != "" && phase == state.Running {
		return state.Platform(state.Postponed, held)
	}
	switch {
	case strings.HasPrefix(w.Status.Message, "invalid spec"):
		return &state.Failure{Fault: state.FaultPolicy, Reason: state.InvalidSpec, Message: w.Status.Message}
	case n.Message == "pod deleted":
		return state.Platform(state.PodDeleted, "the Pod was deleted before it ended")
	case phase == state.TimedOut && pod == nil && n.HostNodeName == "":
		return state.Platform(state.EngineError, "the time limit was reached before there was a Pod on a node")
	case phase == state.TimedOut:
		return nil
	case pod == nil && n.Message != "":
		return state.NotCreated(n.Message)
	case phase == state.Failed:
		return state.Platform(state.EngineError, cmp.Or(n.Message, w.Status.Message))
	default:
		return nil
	}
}

// held is why Argo itself does not go on, in Argo's words if it has any. It is empty while Argo
// goes on, and while a Pod is at work.
func (w workflowRun) held(pod *corev1.Pod) string {
	if pod != nil && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
		return ""
	}
	if w.Spec.Suspend {
		return "the Workflow is suspended; it goes on when spec.suspend is removed (argo resume)"
	}
	for _, n := range w.nodes(func(n node) bool { return n.Phase == "Pending" || n.Phase == "Running" }) {
		switch {
		case n.Lock.Waiting != "":
			return cmp.Or(n.Message, "Waiting for "+n.Lock.Waiting+" lock")
		case n.Type == "Suspend":
			return cmp.Or(n.Message, fmt.Sprintf("the Workflow is suspended at its step %q; it goes on with argo resume", n.Name))
		}
	}
	if len(w.Status.Nodes) == 0 { // it has not begun, and so this is why
		return w.Status.Message
	}
	return ""
}
