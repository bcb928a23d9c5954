// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

func mounting(path string) plan.Run {
	run := newRun(newStep("a", func(c *corev1.Container) {
		c.VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: path}}
	}))
	run.Volumes = []plan.Volume{{Volume: corev1.Volume{Name: "data"}}}
	return run
}

func TestReservedMounts(t *testing.T) {
	for path, reserved := range map[string]bool{
		"/data":           false,
		"/tekton-data":    false,
		"/tekton/home":    false,
		"/tekton/home/me": false,
		"/tekton/homes":   false, // Tekton compares letters, not path elements
		"/var/run/secrets/kubernetes.io/serviceaccount": false,
		"/tekton":            true,
		"/tekton/":           true,
		"/tekton/results":    true,
		"/tekton/./bin":      true,
		"/a/../tekton/creds": true,
		"tekton/bin":         true, // the kubelet takes it from the root
	} {
		t.Run(path, func(t *testing.T) {
			_, diags := compile(Compiler{}, mounting(path))
			if reserved {
				assert.Equal(t, []string{at(diag.MountReserved, "spec.containers[0].volumeMounts[0].mountPath")}, findings(diags))
			} else {
				assert.Empty(t, diags)
			}
		})
	}
}

func TestOnlyTheHarvestMountsItsVolume(t *testing.T) {
	run := mounting("/steal")
	run.Steps[0].VolumeMounts[0].Name = run.Harvest.Volume.Name
	objects, diags := compile(Compiler{}, run)
	assert.Empty(t, objects)
	assert.Equal(t, []string{at(diag.Bug, "spec.containers[0].volumeMounts[0]")}, findings(diags))
}

func TestHiddenWorkspace(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*corev1.Container)
		path   string
	}{
		{"elsewhere", func(c *corev1.Container) { c.Args = []string{"/workspaces/a", "see /workspace/a"} }, ""},
		{"command", func(c *corev1.Container) { c.Command = []string{"/workspace/run", "/workspace/a"} }, "spec.containers[0].command[0]"},
		{"arg", func(c *corev1.Container) { c.Args = []string{"-f", "/workspace/a", "/workspace"} }, "spec.containers[0].args[1]"},
		{"mount inside", func(c *corev1.Container) { c.VolumeMounts[0].MountPath = "/workspace/data" }, "spec.containers[0].volumeMounts[0].mountPath"},
		{"own mount", func(c *corev1.Container) {
			c.Command = []string{"/workspace/run"}
			c.VolumeMounts[0].MountPath = "/workspace/"
		}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run := mounting("/data")
			tc.change(&run.Steps[0].Container)
			_, diags := compile(Compiler{}, run)
			if tc.path == "" {
				assert.Empty(t, diags)
			} else {
				assert.Equal(t, []string{at(diag.WorkspaceHidden, tc.path)}, findings(diags))
			}
		})
	}
}

func TestManySteps(t *testing.T) {
	var steps []plan.Step
	for i := range 12 {
		steps = append(steps, newStep("s"+strconv.Itoa(i)))
	}
	_, diags := compile(Compiler{}, newRun(steps...))
	assert.Empty(t, diags)
	_, diags = compile(Compiler{}, newRun(append(steps, newStep("one-more"))...))
	assert.Equal(t, []string{at(diag.ManySteps, "spec.containers")}, findings(diags))
}
