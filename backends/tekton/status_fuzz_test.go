// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// FuzzObserve gives any object for a TaskRun and any for its Pod. Whatever they
// are, there is a State that makes sense of itself.
func FuzzObserve(f *testing.F) {
	for _, seed := range [][2]string{
		{
			`{"metadata": {"annotations": {"kratix-compile.io/renamed": "{\"a\": \"b\"}"}}, "spec": {"retries": 1, "taskSpec": {"steps": [{"name": "b"}]}},
  "status": {"podName": "p", "conditions": [{"type": "Succeeded", "status": "False", "reason": "StepFailed"}], "steps": [{"name": "b", "terminated": {"exitCode": 3}}]}}`,
			`{"metadata": {"name": "p"}, "status": {"containerStatuses": [{"name": "step-b", "state": {"terminated": {"exitCode": 3, "message": "[{\"key\": \"Reason\", \"value\": \"Skipped\"}]"}}}]}}`,
		},
		{`{"spec": {"taskSpec": {"steps": [{"name": "b"}]}}, "status": {"completionTime": "x", "conditions": [{"type": "Succeeded", "status": "False",
  "reason": "TaskRunImagePullFailed", "message": "the step \"b\" in TaskRun \"a\" failed. The pod errored with the message: \"no.\""}]}}`, `{}`},
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
