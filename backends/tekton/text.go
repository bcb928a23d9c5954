// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Tekton replaces or rejects $(params.x) and its like in the text of a step and
// knows no way to write them literally (tektoncd/pipeline#4931). The kubelet
// does: it expands $(KRATIX_DOLLAR) to a dollar, long after Tekton has looked,
// and does not look at the result again.

// dollarName is the variable whose value is one dollar.
const dollarName = "KRATIX_DOLLAR"

// opening is how a reference of Tekton's goes on after its dollar.
const opening = `\((?:params|context|workspaces|steps?|tasks|results|artifacts|inputs|credentials)[.\[]`

var (
	opens     = regexp.MustCompile(`^` + opening)
	reference = regexp.MustCompile(`\$` + opening)
)

// text is a string of the user's and where it was written.
type text struct {
	value string
	at    diag.At
}

// escape writes text so that Tekton leaves it alone and the kubelet, where
// dollar is a variable, makes of it what it would have made of the original.
// A reference of Tekton's must be no variable of the container's. What is never
// closed is nobody's reference, and a parenthesis of ours must not close it.
func escape(value, dollar string) string {
	var b strings.Builder
	rest := value
	for _, t := range kubelet.Tokens(value) {
		rest = rest[len(t.Raw):]
		switch {
		case t.Kind == kubelet.Dollar && opens.MatchString(rest) && strings.Contains(rest, ")"):
			b.WriteString(dollarReference(dollar))
		case t.Kind == kubelet.Reference && reference.MatchString(t.Raw):
			b.WriteString(strings.ReplaceAll(t.Raw, "$", dollarReference(dollar)))
		default:
			b.WriteString(t.Raw)
		}
	}
	return b.String()
}

func dollarReference(name string) string { return "$(" + name + ")" }

// shadows finds a variable that the text refers to and that Tekton would take
// for a reference of its own.
func shadows(value string, env []corev1.EnvVar) (string, bool) {
	for _, t := range kubelet.Tokens(value) {
		if t.Kind == kubelet.Reference && reference.MatchString(t.Raw) && declares(env, t.Name) {
			return t.Name, true
		}
	}
	return "", false
}

func declares(env []corev1.EnvVar, name string) bool {
	return slices.ContainsFunc(env, func(e corev1.EnvVar) bool { return e.Name == name })
}

// protectStep sets command and args, and escapes them and the environment.
func protectStep(s *plan.Step, command, args []text, diags *diag.List) {
	env := environment(*s)
	p := protector{env: s.Env, dollar: freeName(*s, slices.Concat(command, args, env)), diags: diags}
	s.Command, s.Args = p.protect(command), p.protect(args)
	for i, value := range p.protect(env) {
		s.Env[i].Value = value
	}
	if p.used { // first, because values see only what is before them
		s.Env = slices.Insert(s.Env, 0, corev1.EnvVar{Name: p.dollar, Value: "$"})
	}
}

// protector escapes the texts of one step.
type protector struct {
	env    []corev1.EnvVar
	dollar string
	// used tells whether any text needs the dollar.
	used  bool
	diags *diag.List
}

func (p *protector) protect(texts []text) []string {
	var out []string
	for _, t := range texts {
		value := escape(t.value, p.dollar)
		if name, found := shadows(t.value, p.env); found {
			p.diags.Add(diag.EnvShadows, t.at, "Tekton takes $(%s) for a reference of its own; give the variable another name", name)
		} else if value != t.value {
			p.used = true
			p.diags.Add(diag.TextEscaped, t.at, "%q is written %q, which the kubelet turns back: Tekton would take it for a reference", t.value, value)
		}
		out = append(out, value)
	}
	return out
}

// environment is the values of env, one for each entry.
func environment(s plan.Step) []text {
	out := make([]text, len(s.Env))
	for i, e := range s.Env {
		out[i].value = e.Value
		if at, written := s.EnvAt[e.Name]; written {
			out[i].at = at.Field("value")
		}
	}
	return out
}

// freeName is a name for the dollar that the container does not use: neither as
// a variable nor in text that counts on there being no such variable.
func freeName(s plan.Step, texts []text) string {
	name := dollarName
	refers := func(t text) bool { return kubelet.Refers(t.value, name) }
	mounted := func(m corev1.VolumeMount) bool { return kubelet.Refers(m.SubPathExpr, name) }
	for i := 1; declares(s.Env, name) || slices.ContainsFunc(texts, refers) || slices.ContainsFunc(s.VolumeMounts, mounted); i++ {
		name = dollarName + "_" + strconv.Itoa(i)
	}
	return name
}
