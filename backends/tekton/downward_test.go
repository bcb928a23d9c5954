// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// reading is a Run whose second container has the reference in its environment.
func reading(ref corev1.ResourceFieldSelector) plan.Run {
	return newRun(newStep("large", func(c *corev1.Container) {
		c.Resources.Requests = quantities("cpu", "2", "memory", "1Gi")
	}), newStep("small", func(c *corev1.Container) {
		c.Resources = corev1.ResourceRequirements{Requests: quantities("cpu", "250m"), Limits: quantities("memory", "100M")}
		c.Env = []corev1.EnvVar{{Name: "R", ValueFrom: &corev1.EnvVarSource{ResourceFieldRef: &ref}}}
	}))
}

func TestRequestsReadFromVariables(t *testing.T) {
	for _, tc := range []struct {
		name, container, resource, divisor string
		want                               string // empty where the kubelet still answers
	}{
		{"its own", "", "requests.cpu", "1m", "250"},
		{"rounded up", "", "requests.cpu", "", "1"},
		{"its limit", "", "requests.memory", "1Mi", "96"},
		{"by its name", "small", "requests.memory", "1", "100000000"},
		{"another's", "large", "requests.memory", "1Mi", "1024"},
		{"of which there is none", "", "requests.ephemeral-storage", "", ""},
		{"a limit", "", "limits.memory", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ref := corev1.ResourceFieldSelector{ContainerName: tc.container, Resource: tc.resource}
			if tc.divisor != "" {
				ref.Divisor = resource.MustParse(tc.divisor)
			}
			got := mustCompile(t, Compiler{}, reading(ref)).Spec.TaskSpec.Steps[1].Env[0]
			assert.Equal(t, tc.want, got.Value)
			assert.Equal(t, tc.want == "", got.ValueFrom != nil)
		})
	}
}

func TestContainersAreNamedAsInThePod(t *testing.T) {
	run := reading(corev1.ResourceFieldSelector{ContainerName: "large", Resource: "limits.memory"})
	spec := mustCompile(t, Compiler{}, run).Spec.TaskSpec
	assert.Equal(t, "step-large", spec.Steps[1].Env[0].ValueFrom.ResourceFieldRef.ContainerName)

	run = reading(corev1.ResourceFieldSelector{ContainerName: "large", Resource: "requests.cpu"})
	spec = mustCompile(t, Compiler{Requests: RequestsSum}, run).Spec.TaskSpec
	assert.Equal(t, "step-large", spec.Steps[1].Env[0].ValueFrom.ResourceFieldRef.ContainerName)
}

func TestRequestsReadFromVolumes(t *testing.T) {
	items := func() []corev1.DownwardAPIVolumeFile {
		return []corev1.DownwardAPIVolumeFile{{
			Path: "cpu", ResourceFieldRef: &corev1.ResourceFieldSelector{ContainerName: "small", Resource: "requests.cpu"},
		}}
	}
	for name, source := range map[string]corev1.VolumeSource{
		"downwardAPI": {DownwardAPI: &corev1.DownwardAPIVolumeSource{Items: items()}},
		"projected": {Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{DownwardAPI: &corev1.DownwardAPIProjection{Items: items()}},
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			run := reading(corev1.ResourceFieldSelector{Resource: "limits.cpu"})
			run.Volumes = []plan.Volume{{Volume: corev1.Volume{Name: "v", VolumeSource: source}}}
			_, diags := compile(Compiler{}, run)
			assert.Equal(t, []string{at(diag.RequestsZeroed, "spec.containers"), at(diag.RequestsAdd, "spec.containers")}, findings(diags))

			spec := mustCompile(t, Compiler{}, run).Spec.TaskSpec
			assert.Equal(t, "step-small", plan.DownwardItems(spec.Volumes[0])[0].ResourceFieldRef.ContainerName)
			assert.Equal(t, "small", plan.DownwardItems(run.Volumes[0].Volume)[0].ResourceFieldRef.ContainerName, "the plan is left alone")
			for i, want := range []map[string]string{{"cpu": "2", "memory": "1Gi"}, {"cpu": "250m", "memory": "0"}} {
				assert.Equal(t, want, texted(spec.Steps[i].ComputeResources.Requests))
			}
		})
	}
}
