// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

func TestPodOfARun(t *testing.T) {
	pod, _ := compilePod(t, func(r *plan.Run) {
		r.NodeSelector = map[string]string{"disk": "ssd"}
		r.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
		r.Volumes = []plan.Volume{{Volume: corev1.Volume{Name: "cache"}}}
		r.Steps[0].VolumeMounts = []corev1.VolumeMount{{Name: "cache", MountPath: "/cache"}}
	})
	assert.Equal(t, "build", pod.Name)
	assert.Equal(t, "redis-resource-configure-build", pod.ServiceAccountName)
	assert.True(t, *pod.AutomountServiceAccountToken)
	assert.Equal(t, map[string]string{"disk": "ssd"}, pod.NodeSelector)
	assert.Len(t, pod.Tolerations, 1)
	assert.Equal(t, "hello", pod.Metadata.Annotations["example.com/note"])
	assert.Equal(t, "build", pod.Metadata.Labels["kratix.io/pipeline-name"])
	assert.EqualValues(t, 3600, pod.ActiveDeadlineSeconds.IntValue())

	var volumes []string
	for _, v := range pod.Volumes {
		volumes = append(volumes, v.Name)
	}
	assert.Equal(t, []string{"kratix-input", "kratix-output", "kratix-metadata", "cache", "kratix-harvest"}, volumes)
	assert.Equal(t, "input", pod.Volumes[0].ConfigMap.Name)

	require.Len(t, pod.InitContainers, 1)
	assert.Equal(t, []corev1.VolumeMount{
		{Name: "kratix-input", MountPath: "/kratix/input", ReadOnly: true},
		{Name: "kratix-output", MountPath: "/kratix/output"},
		{Name: "kratix-metadata", MountPath: "/kratix/metadata"},
		{Name: "cache", MountPath: "/cache"},
	}, pod.InitContainers[0].VolumeMounts)
	assert.Equal(t, "main", pod.Container.Name)
	assert.Equal(t, []string{"/kratix-harvest"}, pod.Container.Command)
	assert.Equal(t, "kratix-harvest", pod.Container.VolumeMounts[3].Name)
}

func TestNoContainersIsAPodThatHarvests(t *testing.T) {
	pod, _ := compilePod(t, func(r *plan.Run) { r.Steps = nil })
	assert.Empty(t, pod.InitContainers)
	assert.NotNil(t, pod.Container)
}

func TestTheTokenIsMasked(t *testing.T) {
	pod, _ := compilePod(t, func(r *plan.Run) { r.UserToken = false })
	mask := corev1.VolumeMount{Name: "kratix-no-token", MountPath: tokenPath, ReadOnly: true}
	assert.Contains(t, pod.InitContainers[0].VolumeMounts, mask)
	assert.Contains(t, pod.Container.VolumeMounts, mask)
	assert.Contains(t, pod.Volumes, corev1.Volume{
		Name:         "kratix-no-token",
		VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}},
	})
	assert.True(t, *pod.AutomountServiceAccountToken, "argoexec needs it")
}

func TestReservedMounts(t *testing.T) {
	for path, want := range map[string]struct{ withToken, masked bool }{
		"/var/run/argo":      {true, true},
		"/var/run/argo/":     {true, true},
		"/run/argo/x":        {true, true},
		"/argo/config":       {true, true},
		"/argo":              {false, false},
		"/var/run/argonaut":  {false, false},
		"/var/run":           {false, false},
		"/mainctrfs":         {false, false},
		tokenPath:            {false, true},
		tokenPath + "/token": {false, true},
		strings.TrimPrefix(tokenPath, "/var") + "/": {false, true},
	} {
		for _, token := range []bool{true, false} {
			_, diags := Compiler{}.Compile(workflowOf(func(r *plan.Run) {
				r.UserToken = token
				r.Volumes = []plan.Volume{{Volume: corev1.Volume{Name: "cache"}}}
				r.Steps[0].VolumeMounts = []corev1.VolumeMount{{Name: "cache", MountPath: path}}
			}))
			reserved := findings(diags, diag.MountReserved)
			if token && want.withToken || !token && want.masked {
				assert.Equal(t, []string{"KC401 pipelines.build.spec.containers[0].volumeMounts[0].mountPath"}, reserved, "%s %v", path, token)
			} else {
				assert.Empty(t, reserved, "%s %v", path, token)
			}
		}
	}
}

func TestWhatThePlannerMustNotLetThrough(t *testing.T) {
	for name, change := range map[string]func(*plan.Run){
		"variable twice": func(r *plan.Run) { r.Steps[0].Env = append(r.Steps[0].Env, r.Steps[0].Env[0]) },
		"path twice": func(r *plan.Run) {
			r.Volumes = []plan.Volume{{Volume: corev1.Volume{Name: "cache"}}}
			r.Steps[0].VolumeMounts = []corev1.VolumeMount{{Name: "cache", MountPath: "/kratix/output"}}
		},
		"mount of the harvest's token": func(r *plan.Run) {
			r.Steps[0].VolumeMounts = []corev1.VolumeMount{{Name: "kratix-harvest", MountPath: "/stolen"}}
		},
	} {
		objects, diags := Compiler{}.Compile(workflowOf(change))
		assert.Empty(t, objects, name)
		assert.NotEmpty(t, findings(diags, diag.Bug), name)
	}
}

func TestLongTemplates(t *testing.T) {
	_, diags := compilePod(t, func(r *plan.Run) { r.Steps[0].Args = []string{strings.Repeat("x", longTemplate)} })
	assert.Equal(t, []string{"KC414 pipelines.build"}, findings(diags, diag.TemplateTooLong))
}
