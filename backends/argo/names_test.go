// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

func TestContainersAreRenamed(t *testing.T) {
	long := strings.Repeat("x", 63)
	names := []string{"main", "init", "wait", "supervisor", "artifact-plugin-s3", "init-artifact-s3", "user-main", "mainly", long}
	pod, diags := compilePod(t, func(r *plan.Run) {
		r.Steps = nil
		for i, n := range names {
			r.Steps = append(r.Steps, stepOf(r.At.Field("spec", "containers").Index(i), n))
		}
	})
	var got []string
	for _, c := range pod.InitContainers {
		got = append(got, c.Name)
		assert.LessOrEqual(t, len(c.Name), 63)
	}
	assert.Equal(t, []string{
		"user-main-" + got[0][len("user-main-"):], "user-init", "user-wait", "user-supervisor",
		"user-artifact-plugin-s3", "user-init-artifact-s3", "user-main", "mainly", long,
	}, got)
	assert.Len(t, findings(diags, diag.ContainerRenamed), 6)
	assert.JSONEq(t, `{"main":"`+got[0]+`","init":"user-init","wait":"user-wait","supervisor":"user-supervisor",
		"artifact-plugin-s3":"user-artifact-plugin-s3","init-artifact-s3":"user-init-artifact-s3"}`,
		pod.Metadata.Annotations[workflow.AnnotationRenamed])
}

func TestVolumesAreRenamedWithTheirMounts(t *testing.T) {
	names := append([]string{"data", "artifact-plugin-s3", "kratix-input", "kratix-harvest", "kratix-no-token"}, argoVolumes...)
	pod, diags := compilePod(t, func(r *plan.Run) {
		for i, n := range names {
			r.Volumes = append(r.Volumes, plan.Volume{At: r.At.Field("spec", "volumes").Index(i), Volume: corev1.Volume{Name: n}})
			r.Steps[0].VolumeMounts = append(r.Steps[0].VolumeMounts, corev1.VolumeMount{Name: n, MountPath: "/mnt/" + n})
		}
	})
	volumes := pod.Volumes[3 : 3+len(names)]
	mounts := pod.InitContainers[0].VolumeMounts[3:]
	assert.Equal(t, "data", volumes[0].Name)
	for i, n := range names {
		assert.Equal(t, volumes[i].Name, mounts[i].Name)
		assert.Equal(t, "/mnt/"+n, mounts[i].MountPath)
		if i > 0 {
			assert.Equal(t, "user-"+n, volumes[i].Name)
		}
	}
	assert.Len(t, findings(diags, diag.VolumeRenamed), len(names)-1)
	assert.Equal(t, "kratix-harvest", pod.Container.VolumeMounts[3].Name, "the harvest keeps its volume")
}

func TestFieldName(t *testing.T) {
	for name, want := range map[string]string{"a.b": "a-b", "build": "build", "9-lives": "9-lives", "-x": "x"} {
		assert.Equal(t, want, fieldName(name))
	}
}
