// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
)

// Argo reads "{{" in every string of a template and later in every string of
// the Pod, and has no escape for it (#2430, #12634). But the kubelet expands
// $(NAME) in command, args and env values after the last of Argo's passes, and
// only once. So the second brace becomes a reference to a variable that holds
// a brace, and no pass of Argo's ever sees two of them side by side.

// opening is what Argo looks for; both its kinds of tags start with it.
const opening = "{{"

// braceVariable is the preferred name of the variable that holds a brace.
const braceVariable = "KRATIX_LBRACE"

// protect escapes the texts of a container. The variable comes first, because
// env values may only refer to variables above them.
func (p *pod) protect(c *corev1.Container, at diag.At, envAt map[string]diag.At) {
	all := texts(c, at, envAt)
	brace, injected := braceName(c, all), false
	for _, t := range all {
		before := *t.value
		if !strings.Contains(before, opening) {
			continue
		}
		if name, ok := shadowed(before, c.Env); ok {
			p.diags.Add(diag.EnvShadows, t.at, "Argo takes $(%s) for a template; give the variable another name", name)
		}
		*t.value = escape(before, brace)
		injected = true
		p.diags.Add(diag.TextEscaped, t.at, "%q is written %q, which the kubelet turns back: Argo would take it for a template", before, *t.value)
	}
	if injected {
		c.Env = append([]corev1.EnvVar{{Name: brace, Value: "{"}}, c.Env...)
	}
}

// text is a string that the kubelet expands, and where a user wrote it.
type text struct {
	value *string
	at    diag.At
}

func texts(c *corev1.Container, at diag.At, envAt map[string]diag.At) []text {
	var out []text
	for i := range c.Command {
		out = append(out, text{&c.Command[i], at.Field("command").Index(i)})
	}
	for i := range c.Args {
		out = append(out, text{&c.Args[i], at.Field("args").Index(i)})
	}
	for i := range c.Env {
		where := at.Field("env")
		if written, ok := envAt[c.Env[i].Name]; ok {
			where = written.Field("value")
		}
		out = append(out, text{&c.Env[i].Value, where})
	}
	return out
}

// braceName is a name that the container neither defines nor refers to.
func braceName(c *corev1.Container, all []text) string {
	free := func(name string) bool {
		refers := func(t text) bool { return kubelet.Refers(*t.value, name) }
		mounts := func(m corev1.VolumeMount) bool { return kubelet.Refers(m.SubPathExpr, name) }
		defines := func(e corev1.EnvVar) bool { return e.Name == name }
		return !slices.ContainsFunc(c.Env, defines) && !slices.ContainsFunc(all, refers) && !slices.ContainsFunc(c.VolumeMounts, mounts)
	}
	name := braceVariable
	for n := 1; !free(name); n++ {
		name = braceVariable + "_" + strconv.Itoa(n)
	}
	return name
}

// shadowed finds a reference that names a variable and contains "{{". Breaking
// the braces up would break the reference.
func shadowed(value string, env []corev1.EnvVar) (string, bool) {
	for _, e := range env {
		if strings.Contains(e.Name, opening) && kubelet.Refers(value, e.Name) {
			return e.Name, true
		}
	}
	return "", false
}

// escape rewrites text so that it has no "{{" and the kubelet, with brace set
// to "{", makes of it what it would have made of the original.
//
// Two things must not swallow the inserted references: a reference to no
// variable, whose name would contain one, and a "$(" without an end, which one
// would end. Both are literal to the kubelet and are written as such.
func escape(text, brace string) string {
	if !strings.Contains(text, opening) {
		return text
	}
	var b strings.Builder
	for _, t := range kubelet.Tokens(text) {
		switch {
		case t.Kind == kubelet.Literal:
			b.WriteString(strings.ReplaceAll(t.Raw, "$(", "$$("))
		case t.Kind == kubelet.Reference && strings.Contains(t.Name, opening):
			b.WriteString(kubelet.Quote(t.Raw))
		default:
			b.WriteString(t.Raw)
		}
	}
	return strings.ReplaceAll(b.String(), opening, "{$("+brace+")")
}
