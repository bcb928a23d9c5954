// SPDX-License-Identifier: Apache-2.0

package local

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

func TestAPI(t *testing.T) {
	run := newRun(newContainer(), newContainer(func(c *corev1.Container) {
		c.Name = "call"
		c.EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "a"}}}}
		c.Env = []corev1.EnvVar{{Name: "KUBECONFIG", Value: "/mine"}, {Name: "FLAG", Value: "--kubeconfig=$(KUBECONFIG)"}}
		c.Args = []string{"$(KUBECONFIG)"}
	}))
	opts := given(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {KUBECONFIG: /theirs}}")
	opts.API = []byte("kind: Config\n")
	script, found := scripted(t, run, opts)
	assert.Equal(t, []string{"KC424 spec.containers[1].env[0]"}, found, "the kubeconfig is that of --api")
	volume := script.Volumes[len(script.Volumes)-1]
	assert.Equal(t, Volume{Name: "kratix_api", Files: []File{{Path: "config", Mode: 0o644, Data: opts.API}}}, volume)
	require.Len(t, script.Containers, 2)
	for _, c := range script.Containers {
		assert.Equal(t, Variable{"KUBECONFIG", "/kratix-api/config"}, c.Env[0])
		assert.Equal(t, Mount{Volume: "kratix_api", Path: "/kratix-api", ReadOnly: true}, c.Mounts[len(c.Mounts)-1])
		assert.Equal(t, []string{"--network", "host"}, c.Options)
	}
	assert.Equal(t, []Variable{{"FLAG", "--kubeconfig=/kratix-api/config"}}, script.Containers[1].Env[1:], "each name once")
	assert.Equal(t, []string{"/kratix-api/config"}, script.Containers[1].Args)
}

// TestMountAtTheKubeconfig: a container has one thing at a path.
func TestMountAtTheKubeconfig(t *testing.T) {
	for _, at := range []string{"/kratix-api", "/kratix-api/", "/kratix-api/mine"} {
		mounted := withVolumes(newRun(newContainer(func(c *corev1.Container) {
			c.VolumeMounts = []corev1.VolumeMount{{Name: "mine", MountPath: at}}
		})), corev1.Volume{Name: "mine", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
		assert.Equal(t, []string{"KC422 spec.containers[0].volumeMounts[0].mountPath"}, refused(t, mounted, Options{API: []byte{}}))
		_, found := scripted(t, mounted, Options{})
		assert.Empty(t, found)
	}
}
