// SPDX-License-Identifier: Apache-2.0

package build

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Text is a string that the kubelet expands, and where a user wrote it.
type Text struct {
	Value string
	At    diag.At
}

// Texts are the words of a command or of args.
func Texts(words []string, at diag.At) []Text {
	var out []Text
	for i, w := range words {
		out = append(out, Text{w, at.Index(i)})
	}
	return out
}

// Escape is how a text passes an engine that would take a part of it for its own. The engine
// reads the text first, and the kubelet expands $(NAME) in it later, and only once. So one
// character becomes a reference to a variable that holds it: {{x}} is {$(KRATIX_LBRACE)x}}
// to Argo, and the process gets {{x}}.
type Escape struct {
	// Variable is what the variable is called if the name is free, Value what it holds.
	Variable, Value string
	// Rewrite gives the text as the engine leaves it alone, with the name of the variable.
	Rewrite func(t Text, variable string) string
}

// Protect escapes the command, the args and the variables of a step.
func Protect(s *plan.Step, command, args []Text, e Escape) {
	env := variables(*s)
	name := freeName(e.Variable, s.Container, slices.Concat(command, args, env))
	used := false
	rewrite := func(texts []Text) []string {
		var out []string
		for _, t := range texts {
			value := e.Rewrite(t, name)
			used = used || value != t.Value
			out = append(out, value)
		}
		return out
	}
	s.Command, s.Args = rewrite(command), rewrite(args)
	for i, value := range rewrite(env) {
		s.Env[i].Value = value
	}
	if used { // first, because values see only the variables before them
		s.Env = slices.Insert(s.Env, 0, corev1.EnvVar{Name: name, Value: e.Value})
	}
}

// variables are the values of env, one for each entry.
func variables(s plan.Step) []Text {
	out := make([]Text, len(s.Env))
	for i, e := range s.Env {
		at, written := s.EnvAt[e.Name]
		if written {
			at = at.Field("value")
		}
		out[i] = Text{e.Value, at}
	}
	return out
}

// freeName is a name that the container does not use: neither as a variable nor in text that
// counts on there being no such variable.
func freeName(preferred string, c corev1.Container, texts []Text) string {
	name := preferred
	declares := func(e corev1.EnvVar) bool { return e.Name == name }
	refers := func(t Text) bool { return kubelet.Refers(t.Value, name) }
	mounts := func(m corev1.VolumeMount) bool { return kubelet.Refers(m.SubPathExpr, name) }
	for i := 1; slices.ContainsFunc(c.Env, declares) || slices.ContainsFunc(texts, refers) || slices.ContainsFunc(c.VolumeMounts, mounts); i++ {
		name = preferred + "_" + strconv.Itoa(i)
	}
	return name
}
