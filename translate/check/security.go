// SPDX-License-Identifier: Apache-2.0

package check

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// security applies the API server's rules for a security context.
func (c *checker) security(s corev1.SecurityContext, at diag.At) {
	if s.RunAsUser != nil {
		c.problems(at.Field("runAsUser"), validation.IsValidUserID(*s.RunAsUser))
	}
	if s.RunAsGroup != nil {
		c.problems(at.Field("runAsGroup"), validation.IsValidGroupID(*s.RunAsGroup))
	}
	if p := s.ProcMount; p != nil {
		c.choice(at.Field("procMount"), "procMount", string(*p), "Default") // Unmasked needs hostUsers: false
	}
	c.escalation(s, at)
	c.seccomp(s.SeccompProfile, at.Field("seccompProfile"))
	c.appArmor(s.AppArmorProfile, at.Field("appArmorProfile"))
	c.windows(s.WindowsOptions, at.Field("windowsOptions"))
}

func (c *checker) problems(at diag.At, problems []string) {
	if len(problems) > 0 {
		c.add(diag.BadContainer, at, "%s", strings.Join(problems, "; "))
	}
}

func (c *checker) escalation(s corev1.SecurityContext, at diag.At) {
	if s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation {
		return
	}
	if s.Privileged != nil && *s.Privileged {
		c.add(diag.BadContainer, at, "privileged: true and allowPrivilegeEscalation: false contradict each other")
	}
	if s.Capabilities != nil && slices.Contains(s.Capabilities.Add, "CAP_SYS_ADMIN") {
		c.add(diag.BadContainer, at, "the capability CAP_SYS_ADMIN and allowPrivilegeEscalation: false contradict each other")
	}
}

func (c *checker) seccomp(p *corev1.SeccompProfile, at diag.At) {
	if p == nil {
		return
	}
	c.choice(at.Field("type"), "type", string(p.Type), "Localhost", "RuntimeDefault", "Unconfined")
	switch local := p.Type == corev1.SeccompProfileTypeLocalhost; {
	case local != (p.LocalhostProfile != nil):
		c.add(diag.BadContainer, at, "localhostProfile goes with type: Localhost, and only with that")
	case local:
		c.descending(diag.BadContainer, at.Field("localhostProfile"), *p.LocalhostProfile)
	}
}

// maxProfile is the longest path of a profile, in bytes: PATH_MAX - 1.
const maxProfile = 4095

func (c *checker) appArmor(p *corev1.AppArmorProfile, at diag.At) {
	if p == nil {
		return
	}
	c.choice(at.Field("type"), "type", string(p.Type), "Localhost", "RuntimeDefault", "Unconfined")
	switch local := p.Type == corev1.AppArmorProfileTypeLocalhost; {
	case local != (p.LocalhostProfile != nil):
		c.add(diag.BadContainer, at, "localhostProfile goes with type: Localhost, and only with that")
	case !local:
	case *p.LocalhostProfile == "" || strings.TrimSpace(*p.LocalhostProfile) != *p.LocalhostProfile || len(*p.LocalhostProfile) > maxProfile:
		c.add(diag.BadContainer, at.Field("localhostProfile"), "the profile is a name of 1 to %d characters without spaces around it", maxProfile)
	}
}

// Limits in bytes for names of Windows users and for descriptions of a gMSA.
const (
	maxDomain     = 255
	maxUser       = 104
	maxCredential = 64 << 10
)

func (c *checker) windows(o *corev1.WindowsSecurityContextOptions, at diag.At) {
	if o == nil {
		return
	}
	if n := o.GMSACredentialSpecName; n != nil {
		c.problems(at.Field("gmsaCredentialSpecName"), validation.IsDNS1123Subdomain(*n))
	}
	if s := o.GMSACredentialSpec; s != nil && (*s == "" || len(*s) > maxCredential) {
		c.add(diag.BadContainer, at.Field("gmsaCredentialSpec"), "the text has %d bytes; it must have 1 to %d", len(*s), maxCredential)
	}
	if o.RunAsUserName == nil {
		return
	}
	user := *o.RunAsUserName
	domain, name, withDomain := strings.Cut(user, `\`)
	if !withDomain {
		domain, name = "", user
	}
	if name == "" || len(name) > maxUser || len(domain) > maxDomain || strings.Trim(name, ". ") == "" ||
		strings.ContainsAny(name, `"/\:;|=,+*?<>@[]`) || withDomain && (domain == "" || strings.ContainsAny(domain, `/:*?"<>|`)) ||
		strings.ContainsFunc(user, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		c.add(diag.BadContainer, at.Field("runAsUserName"), "%q is no user of Windows; write user or DOMAIN\\user", user)
	}
}
