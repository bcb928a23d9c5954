// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends/entry"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// bare makes a Run of containers only: no harvest and no directories of ours.
func bare(names ...string) func(*plan.Run) {
	return func(r *plan.Run) {
		r.Harvest, r.Workspaces, r.Steps = plan.Harvest{}, nil, nil
		for i, name := range names {
			r.Steps = append(r.Steps, stepOf(r.Places.Containers.Index(i), name, "{{ x }}"))
		}
	}
}

// TestBare makes the last step the main container, in which Argo starts the program.
func TestBare(t *testing.T) {
	template, diags := compilePod(t, bare("reader", "writer"))
	require.Len(t, template.InitContainers, 1)
	assert.Equal(t, "reader", template.InitContainers[0].Name)
	assert.Equal(t, "main", template.Container.Name)
	assert.Equal(t, []string{"{$(KRATIX_LBRACE) x }}"}, template.Container.Args)
	assert.Empty(t, template.Volumes)
	assert.Empty(t, template.Container.VolumeMounts)
	assert.Equal(t, []string{"KC403 pipelines.build.spec.containers[1].name", "KC407 pipelines.build.spec.containers[1].command"},
		findings(diags, diag.ContainerRenamed, diag.CommandMissing))
}

// TestBareImage writes out what the image of the main container is known to start, and nothing in
// init containers, whose program Argo does not start.
func TestBareImage(t *testing.T) {
	c := Compiler{Images: map[string]entry.Image{"busybox": {Entrypoint: []string{"/ep"}}}}
	objects, diags := c.Compile(workflowOf(bare("reader", "writer")))
	require.False(t, diags.HasErrors())
	templates, _, err := unstructured.NestedSlice(objects[len(objects)-1].Object, "spec", "templates")
	require.NoError(t, err)
	pod := templates[1].(map[string]any)
	assert.Equal(t, []any{"/ep"}, pod["container"].(map[string]any)["command"])
	assert.NotContains(t, pod["initContainers"].([]any)[0], "command")
	assert.Empty(t, findings(diags, diag.CommandMissing))
}

// TestBareSteps reads the main container as the user's, even if the user calls it main.
func TestBareSteps(t *testing.T) {
	for _, name := range []string{"writer", "main"} {
		objects, _ := Compiler{}.Compile(workflowOf(bare("reader", name)))
		run := objects[len(objects)-1]
		data, err := json.Marshal(map[string]any{"phase": "Failed", "nodes": map[string]any{
			"n": map[string]any{"id": "n", "type": "Pod", "templateName": "build", "phase": "Failed", "hostNodeName": "one"},
		}})
		require.NoError(t, err)
		var status map[string]any
		require.NoError(t, json.Unmarshal(data, &status))
		run.Object["status"] = status
		pod := podOf("n", corev1.PodStatus{
			InitContainerStatuses: []corev1.ContainerStatus{ended("reader", 0, "")},
			ContainerStatuses:     []corev1.ContainerStatus{ended("main", 3, "Error")},
		})
		s := Observer{}.Observe(&run, []corev1.Pod{pod})
		require.Len(t, s.Steps, 2)
		assert.Equal(t, state.Step{Name: name, Container: "main", Phase: state.StepDone, Reason: state.Error, ExitCode: 3}, s.Steps[1])
		assert.Equal(t, state.FaultContainer, s.Failure.Fault)
	}
}
