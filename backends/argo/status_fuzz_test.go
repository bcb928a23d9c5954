// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// FuzzObserve gives any object for a Workflow and any for its Pod. Whatever they
// are, there is a State that makes sense of itself.
func FuzzObserve(f *testing.F) {
	for _, seed := range [][2]string{
		{
			`{"spec": {"templates": [{"name": "t", "metadata": {"annotations": {"kratix-compile.io/renamed": "{\"a\": \"b\"}"}}, "initContainers": [{"name": "b"}], "container": {}}]},
  "status": {"phase": "Failed", "nodes": {"n": {"id": "n", "type": "Pod", "templateName": "t", "phase": "Error", "hostNodeName": "e2e"}}}}`,
			`{"metadata": {"annotations": {"workflows.argoproj.io/node-id": "n"}}, "status": {"initContainerStatuses": [{"name": "b", "state": {"terminated": {"exitCode": 137}}}]}}`,
		},
		{`{"spec": {"shutdown": "Stop"}, "status": {"phase": "Failed", "nodes": {"n": {"id": "n", "type": "Pod", "message": "pods is forbidden"}}}}`, `{}`},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, run, pod []byte) {
		var object map[string]any
		var pods []corev1.Pod
		if json.Unmarshal(run, &object) != nil {
			return
		}
		var one corev1.Pod
		if json.Unmarshal(pod, &one) == nil {
			pods = append(pods, one)
		}
		s := Observer{}.Observe(&unstructured.Unstructured{Object: object}, pods)
		require.NotEmpty(t, s.Phase)
		require.NotEmpty(t, s.Message())
		require.False(t, s.Phase == state.Failed && s.Failure == nil, "failed, and nobody knows why: %s", run)
		for _, step := range s.Steps {
			require.NotEmpty(t, step.Phase)
			require.False(t, s.Phase.Ended() && step.Phase == state.StepRunning)
		}
		if s.Failure != nil {
			Observer{}.AddLog(&s, []string{string(run), string(pod)})
		}
	})
}
