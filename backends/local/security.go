// SPDX-License-Identifier: Apache-2.0

package local

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// security is a security context in words that docker and podman have alike.
func (c *compiler) security(s corev1.SecurityContext, at diag.At) []string {
	words := c.user(s, at)
	if isTrue(s.Privileged) {
		words = append(words, "--privileged")
	}
	if isTrue(s.ReadOnlyRootFilesystem) {
		words = append(words, "--read-only")
	}
	if s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation {
		words = append(words, "--security-opt", "no-new-privileges")
	}
	if s.Capabilities != nil {
		for _, capability := range s.Capabilities.Drop {
			words = append(words, "--cap-drop", string(capability))
		}
		for _, capability := range s.Capabilities.Add {
			words = append(words, "--cap-add", string(capability))
		}
	}
	words = append(words, c.profiles(s, at)...)
	if s.SELinuxOptions != nil {
		c.diags.Add(diag.NoEffect, at.Field("seLinuxOptions"), "SELinux labels are those that the container engine gives")
	}
	if s.WindowsOptions != nil {
		c.diags.Add(diag.NoEffect, at.Field("windowsOptions"), "containers here are Linux containers")
	}
	if s.ProcMount != nil {
		c.diags.Add(diag.ClusterOnly, at.Field("procMount"), "/proc is mounted as the container engine does it")
	}
	return words
}

// user are the words for the user of the process. If the Pipeline names none, the image decides.
func (c *compiler) user(s corev1.SecurityContext, at diag.At) []string {
	switch {
	case s.RunAsUser == nil && s.RunAsGroup != nil:
		c.diags.Add(diag.NoEffect, at.Field("runAsGroup"), "a container engine sets a group only together with a user; write runAsUser, too")
	case s.RunAsUser != nil && *s.RunAsUser == 0 && isTrue(s.RunAsNonRoot):
		c.diags.Add(diag.NotLocal, at.Field("runAsNonRoot"), "runAsUser is 0, so the kubelet would not start the container; write another user")
	}
	if s.RunAsUser == nil {
		if isTrue(s.RunAsNonRoot) {
			c.diags.Add(diag.NoEffect, at.Field("runAsNonRoot"),
				"nobody looks here whether the image runs as root, as the kubelet does; write runAsUser to be sure")
		}
		return nil
	}
	user := strconv.FormatInt(*s.RunAsUser, 10)
	if s.RunAsGroup != nil {
		user += ":" + strconv.FormatInt(*s.RunAsGroup, 10)
	}
	return []string{"--user", user}
}

// profiles are those of seccomp and AppArmor. RuntimeDefault is what an engine does unasked. A
// profile of a node is not on this machine.
func (c *compiler) profiles(s corev1.SecurityContext, at diag.At) []string {
	var words []string
	if p := s.SeccompProfile; p != nil {
		switch p.Type {
		case corev1.SeccompProfileTypeUnconfined:
			words = append(words, "--security-opt", "seccomp=unconfined")
		case corev1.SeccompProfileTypeLocalhost:
			c.noProfile(at.Field("seccompProfile"), p.LocalhostProfile)
		default:
		}
	}
	if p := s.AppArmorProfile; p != nil {
		switch p.Type {
		case corev1.AppArmorProfileTypeUnconfined:
			words = append(words, "--security-opt", "apparmor=unconfined")
		case corev1.AppArmorProfileTypeLocalhost:
			c.noProfile(at.Field("appArmorProfile"), p.LocalhostProfile)
		default:
		}
	}
	return words
}

func (c *compiler) noProfile(at diag.At, profile *string) {
	name := ""
	if profile != nil {
		name = *profile
	}
	c.diags.Add(diag.NoEffect, at.Field("localhostProfile"), "the profile %q is on the nodes of a cluster; the container runs with that of the container engine", name)
}

func isTrue(b *bool) bool { return b != nil && *b }
