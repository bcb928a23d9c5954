// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// TestBare compiles a Run of containers only: no harvest and no directories of ours.
func TestBare(t *testing.T) {
	asking := func(c *corev1.Container) { c.Resources.Requests = quantities("example.com/gpu", "1") }
	run := newRun(newStep("reader"), newStep("render", asking), newStep(plan.HarvestName, asking))
	run.Harvest, run.Workspaces = plan.Harvest{}, nil
	objects, diags := compile(Compiler{}, run)
	require.NotEmpty(t, objects)
	taskRun := mustCompile(t, Compiler{}, run)
	var names []string
	for _, step := range taskRun.Spec.TaskSpec.Steps {
		names = append(names, step.Name)
	}
	assert.Equal(t, []string{"reader", "render", "user-kratix-harvest"}, names, "no step that is the user's reads like a harvest")
	assert.Empty(t, taskRun.Spec.TaskSpec.Volumes)
	assert.Empty(t, taskRun.Spec.TaskSpec.Workspaces)
	assert.Empty(t, taskRun.Spec.Workspaces)
	assert.Contains(t, findings(diags), at(diag.RequestsAdd, "spec.containers"), "the last step's request counts as well")
}
