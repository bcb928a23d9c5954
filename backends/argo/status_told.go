// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"cmp"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// told is what Argo says went wrong or holds the Workflow up. Of containers it
// is not asked: it takes one that was killed for a fault of the next.
func (w workflowRun) told(n node, pod *corev1.Pod) *state.Failure {
	platform := func(reason state.Reason, message string) *state.Failure {
		return &state.Failure{Fault: state.FaultPlatform, Reason: reason, Message: message}
	}
	switch phase := w.phase(n, pod); {
	case strings.HasPrefix(w.Status.Message, "invalid spec"):
		return &state.Failure{Fault: state.FaultPolicy, Reason: state.InvalidSpec, Message: w.Status.Message}
	case n.Message == "pod deleted":
		return platform(state.PodDeleted, "the Pod was deleted before it ended")
	case phase == state.TimedOut && pod == nil && n.HostNodeName == "":
		return platform(state.EngineError, "the time limit was reached before there was a Pod on a node")
	case phase == state.TimedOut:
		return nil
	case pod == nil && n.Message != "":
		return state.NotCreated(n.Message)
	case phase == state.Failed:
		return platform(state.EngineError, cmp.Or(n.Message, w.Status.Message))
	default:
		return nil
	}
}
