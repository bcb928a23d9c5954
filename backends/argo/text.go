// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/build"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Argo reads "{{" in every string of a template and later in every string of the Pod, and has
// no escape for it (#2430, #12634). The kubelet expands $(NAME) in command, args and env values
// after the last of Argo's passes, and only once. So the second brace becomes a reference to a
// variable that holds a brace: {{x}} is written {$(KRATIX_LBRACE)x}}.

// opening is what Argo looks for. Both kinds of its tags, {{x}} and {{=x}}, begin with it.
const opening = "{{"

// braceName is the preferred name of the variable that holds a brace.
const braceName = "KRATIX_LBRACE"

// protect sets command and args, and escapes them and the environment.
func (p *pod) protect(step *plan.Step, command, args []build.Text) {
	build.Protect(step, command, args, build.Escape{Variable: braceName, Value: "{", Rewrite: func(t build.Text, brace string) string {
		value := escape(t.Value, brace)
		if name, found := shadowed(t.Value, step.Env); found {
			p.Diags.Add(diag.EnvShadows, t.At, "Argo takes $(%s) for a template; give the variable another name", name)
		}
		if value != t.Value {
			p.Diags.Add(diag.TextEscaped, t.At, "%q is written %q, which the kubelet turns back: Argo would take it for a template", t.Value, value)
		}
		return value
	}})
}

// shadowed finds a variable that has "{{" in its name and that the text refers to. The escape
// would change the reference.
func shadowed(value string, env []corev1.EnvVar) (string, bool) {
	for _, e := range env {
		if strings.Contains(e.Name, opening) && kubelet.Refers(value, e.Name) {
			return e.Name, true
		}
	}
	return "", false
}

// escape rewrites text so that it has no "{{". The kubelet, with brace set to "{", makes of it
// what it would have made of the original.
//
// Two things could swallow the references that are put in: $({{x}}) where no variable is called
// {{x}}, and a "$(" without an end. The kubelet leaves both as they are, and so they are
// written with $$.
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
