// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/build"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Tekton replaces or rejects $(params.x) and its like in the text of a step, and there is no
// way to write them literally (tektoncd/pipeline#4931). The kubelet expands $(NAME) after
// Tekton has read the text, and only once. So the dollar becomes a reference to a variable that
// holds a dollar: $(params.x) is written $(KRATIX_DOLLAR)(params.x).

// dollarName is the preferred name of the variable whose value is one dollar.
const dollarName = "KRATIX_DOLLAR"

// opening is how a reference of Tekton's goes on after its dollar.
const opening = `\((?:params|context|workspaces|steps?|tasks|results|artifacts|inputs|credentials)[.\[]`

var (
	opens     = regexp.MustCompile(`^` + opening)
	reference = regexp.MustCompile(`\$` + opening)
)

// protect sets command and args, and escapes them and the environment.
func (p *pod) protect(step *plan.Step, command, args []build.Text) {
	build.Protect(step, command, args, build.Escape{Variable: dollarName, Value: "$", Rewrite: func(t build.Text, dollar string) string {
		value := escape(t.Value, dollar)
		if name, found := shadowed(t.Value, step.Env); found {
			p.Diags.Add(diag.EnvShadows, t.At, "Tekton takes $(%s) for a reference of its own; give the variable another name", name)
		} else if value != t.Value {
			p.Diags.Add(diag.TextEscaped, t.At, "%q is written %q, which the kubelet turns back: Tekton would take it for a reference", t.Value, value)
		}
		return value
	}})
}

// shadowed finds a variable that the text refers to and that Tekton would take
// for a reference of its own.
func shadowed(value string, env []corev1.EnvVar) (string, bool) {
	for _, t := range kubelet.Tokens(value) {
		declares := func(e corev1.EnvVar) bool { return e.Name == t.Name }
		if t.Kind == kubelet.Reference && reference.MatchString(t.Raw) && slices.ContainsFunc(env, declares) {
			return t.Name, true
		}
	}
	return "", false
}

// escape writes text so that Tekton finds no reference of its own in it. The kubelet, where
// dollar is a variable, makes of it what it would have made of the original. The container must
// have no variable with the name of such a reference. A reference without a closing parenthesis
// stays as it is, and no parenthesis that is put in may close it.
func escape(value, dollar string) string {
	var b strings.Builder
	rest := value
	for _, t := range kubelet.Tokens(value) {
		rest = rest[len(t.Raw):]
		switch {
		case t.Kind == kubelet.Dollar && opens.MatchString(rest) && strings.Contains(rest, ")"):
			b.WriteString("$(" + dollar + ")")
		case t.Kind == kubelet.Reference && reference.MatchString(t.Raw):
			b.WriteString(strings.ReplaceAll(t.Raw, "$", "$("+dollar+")"))
		default:
			b.WriteString(t.Raw)
		}
	}
	return b.String()
}
