// SPDX-License-Identifier: Apache-2.0

package local

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestCommandAndArgsAreExpanded(t *testing.T) {
	run := newRun(newContainer(func(c *corev1.Container) {
		c.Command, c.Args = []string{"sh", "-c"}, []string{"echo $(NAME) $$(NAME) $(OTHER) $HOME"}
		c.Env = []corev1.EnvVar{{Name: "NAME", Value: "tea"}}
	}))
	script, found := scripted(t, run, Options{})
	assert.Empty(t, found)
	assert.Equal(t, []string{"sh", "-c"}, script.Containers[0].Command)
	assert.Equal(t, []string{"echo tea $(NAME) $(OTHER) $HOME"}, script.Containers[0].Args)
}

// The image's entrypoint runs with args that stand alone.
func TestArgsWithoutCommand(t *testing.T) {
	script, _ := scripted(t, newRun(newContainer(func(c *corev1.Container) { c.Args = []string{"-v"} })), Options{})
	assert.Empty(t, script.Containers[0].Command)
	assert.Equal(t, []string{"-v"}, script.Containers[0].Args)
}

func TestPull(t *testing.T) {
	for _, c := range []struct {
		policy      corev1.PullPolicy
		image, want string
	}{
		{corev1.PullAlways, "a:v1", "always"},
		{corev1.PullNever, "a", "never"},
		{corev1.PullIfNotPresent, "a:latest", "missing"},
		{"", "a", "always"},
		{"", "a:latest", "always"},
		{"", "a:v1", "missing"},
		{"", "registry.example:5000/a", "always"},
		{"", "registry.example:5000/a:v1", "missing"},
		{"", "a@sha256:0123", "missing"},
		{"", "a:v1@sha256:0123", "missing"},
		{"", "a:latest@sha256:0123", "always"},
	} {
		assert.Equal(t, c.want, pull(c.policy, c.image), "%s %s", c.policy, c.image)
	}
}

func TestResources(t *testing.T) {
	list := func(pairs ...string) corev1.ResourceList {
		out := corev1.ResourceList{}
		for i := 0; i < len(pairs); i += 2 {
			out[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
		}
		return out
	}
	for name, c := range map[string]struct {
		given corev1.ResourceRequirements
		words []string
		found []string
	}{
		"none":         {},
		"both":         {given: corev1.ResourceRequirements{Limits: list("cpu", "1500m", "memory", "64Mi")}, words: []string{"--cpu-period", "100000", "--cpu-quota", "150000", "--memory", "67108864", "--memory-swap", "67108864"}},
		"next to none": {given: corev1.ResourceRequirements{Limits: list("cpu", "1m")}, words: []string{"--cpu-period", "100000", "--cpu-quota", "1000"}},
		"zero":         {given: corev1.ResourceRequirements{Limits: list("cpu", "0", "memory", "0")}},
		"requests": {
			given: corev1.ResourceRequirements{Requests: list("cpu", "1", "memory", "1Gi")},
			found: []string{"KC424 spec.containers[0].resources"},
		},
		"storage": {
			given: corev1.ResourceRequirements{Limits: list("ephemeral-storage", "1Gi")},
			found: []string{"KC424 spec.containers[0].resources"},
		},
		"devices": {
			given: corev1.ResourceRequirements{Limits: list("example.org/gpu", "1", "hugepages-2Mi", "2Mi")},
			found: []string{"KC423 spec.containers[0].resources.limits[example.org/gpu]", "KC423 spec.containers[0].resources.limits.hugepages-2Mi"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			script, found := scripted(t, newRun(newContainer(func(ct *corev1.Container) { ct.Resources = c.given })), Options{})
			assert.Equal(t, c.words, script.Containers[0].Options)
			assert.Equal(t, c.found, found)
		})
	}
}

func TestSecurity(t *testing.T) {
	const at = " spec.containers[0].securityContext."
	local := "operators/strict.json"
	for name, c := range map[string]struct {
		given corev1.SecurityContext
		words []string
		found []string
	}{
		"nothing":        {},
		"user":           {given: corev1.SecurityContext{RunAsUser: new(int64(1000))}, words: []string{"--user", "1000"}},
		"user and group": {given: corev1.SecurityContext{RunAsUser: new(int64(0)), RunAsGroup: new(int64(3000))}, words: []string{"--user", "0:3000"}},
		"group":          {given: corev1.SecurityContext{RunAsGroup: new(int64(3000))}, found: []string{"KC423" + at + "runAsGroup"}},
		"not root":       {given: corev1.SecurityContext{RunAsNonRoot: new(true)}, found: []string{"KC423" + at + "runAsNonRoot"}},
		"not root, known": {
			given: corev1.SecurityContext{RunAsNonRoot: new(true), RunAsUser: new(int64(7))}, words: []string{"--user", "7"},
		},
		"maybe root": {given: corev1.SecurityContext{RunAsNonRoot: new(false)}},
		"privileged": {given: corev1.SecurityContext{Privileged: new(true)}, words: []string{"--privileged"}},
		"nothing to escalate": {
			given: corev1.SecurityContext{Privileged: new(false), AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true)},
			words: []string{"--read-only", "--security-opt", "no-new-privileges"},
		},
		"what is done anyway": {given: corev1.SecurityContext{AllowPrivilegeEscalation: new(true), ReadOnlyRootFilesystem: new(false)}},
		"capabilities": {
			given: corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"NET_RAW", "CAP_CHOWN"}, Drop: []corev1.Capability{"ALL"}}},
			words: []string{"--cap-drop", "ALL", "--cap-add", "NET_RAW", "--cap-add", "CAP_CHOWN"},
		},
		"default profiles": {given: corev1.SecurityContext{
			SeccompProfile:  &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			AppArmorProfile: &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeRuntimeDefault},
		}},
		"no profiles": {
			given: corev1.SecurityContext{
				SeccompProfile:  &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined},
				AppArmorProfile: &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined},
			},
			words: []string{"--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"},
		},
		"profiles of a node": {
			given: corev1.SecurityContext{
				SeccompProfile:  &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeLocalhost, LocalhostProfile: &local},
				AppArmorProfile: &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeLocalhost, LocalhostProfile: &local},
			},
			found: []string{"KC423" + at + "seccompProfile.localhostProfile", "KC423" + at + "appArmorProfile.localhostProfile"},
		},
		"what engines do not share": {
			given: corev1.SecurityContext{SELinuxOptions: &corev1.SELinuxOptions{}, WindowsOptions: &corev1.WindowsSecurityContextOptions{}, ProcMount: new(corev1.DefaultProcMount)},
			found: []string{"KC423" + at + "seLinuxOptions", "KC423" + at + "windowsOptions", "KC424" + at + "procMount"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			script, found := scripted(t, newRun(newContainer(func(ct *corev1.Container) { ct.SecurityContext = &c.given })), Options{})
			assert.Equal(t, c.words, script.Containers[0].Options)
			assert.Equal(t, c.found, found)
		})
	}
}

// The kubelet does not start such a container, so nobody should see it run here.
func TestRootThatMustNotBe(t *testing.T) {
	run := newRun(newContainer(func(c *corev1.Container) {
		c.SecurityContext = &corev1.SecurityContext{RunAsNonRoot: new(true), RunAsUser: new(int64(0))}
	}))
	assert.Equal(t, []string{"KC422 spec.containers[0].securityContext.runAsNonRoot"}, refused(t, run, Options{}))
}
