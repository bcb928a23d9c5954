// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/kubelet"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// kratixEnv are the variables every container gets, in this order
// (docs/kratix-contract.md 3.6).
func (b *builder) kratixEnv(pipeline string) []corev1.EnvVar {
	o := b.object
	env := []corev1.EnvVar{
		{Name: "KRATIX_WORKFLOW_ACTION", Value: string(b.kind.Action)},
		{Name: "KRATIX_WORKFLOW_TYPE", Value: string(b.kind.Type)},
		{Name: "KRATIX_PROMISE_NAME", Value: b.promise.Object.Name},
		{Name: "KRATIX_PIPELINE_NAME", Value: pipeline},
		{Name: "KRATIX_OBJECT_KIND", Value: o.Kind},
		{Name: "KRATIX_OBJECT_GROUP", Value: o.Group},
		{Name: "KRATIX_OBJECT_VERSION", Value: o.Version},
		{Name: "KRATIX_OBJECT_NAME", Value: o.Name},
		{Name: "KRATIX_OBJECT_NAMESPACE", Value: o.Namespace},
		{Name: "KRATIX_CRD_PLURAL", Value: o.Plural},
		{Name: "KRATIX_CLUSTER_SCOPED", Value: strconv.FormatBool(b.kind.Type == workflow.Promise)},
	}
	if b.kind.Type == workflow.Resource && b.dryRun() != "" {
		env = append(env, corev1.EnvVar{Name: "KRATIX_DRY_RUN", Value: "true"})
	}
	return env
}

// maxValue is the longest variable, in bytes, that Linux hands to a process.
const maxValue = 128 << 10

// variable is an environment variable and where a user wrote it, if one did.
type variable struct {
	corev1.EnvVar
	at diag.At
}

// mergeEnv puts the user's variables after those of Kratix. In Kubernetes the last definition
// of a name wins, but an engine may accept no name twice, so earlier definitions are removed.
// If another variable refers to a removed definition, its value is written there instead; the
// process sees no difference.
func mergeEnv(own []corev1.EnvVar, user []corev1.EnvVar, at diag.At) ([]variable, diag.List) {
	var diags diag.List
	all := make([]variable, 0, len(own)+len(user))
	for _, e := range own {
		all = append(all, variable{EnvVar: e})
	}
	for i, e := range user {
		all = append(all, variable{EnvVar: e, at: at.Index(i)})
	}
	last := make(map[string]int, len(all))
	for i, v := range all {
		last[v.Name] = i
	}
	merged := make([]variable, 0, len(last))
	for i := range all {
		if end := last[all[i].Name]; end != i {
			diags.Add(diag.EnvOverridden, all[end].at.Field("name"), "%s is defined again here; this value counts", all[end].Name)
			inline(all[i], all[i+1:end+1], &diags)
			continue
		}
		merged = append(merged, all[i])
	}
	return merged, diags
}

// inline replaces references to a removed definition by its value, up to and including the next
// definition of the name.
func inline(gone variable, until []variable, diags *diag.List) {
	for i := range until {
		v := &until[i]
		switch {
		case v.ValueFrom != nil || !kubelet.Refers(v.Value, gone.Name):
		case gone.ValueFrom != nil || strings.Contains(gone.Value, "$"):
			diags.Add(diag.EnvUnmergeable, v.at.Field("value"),
				"%q refers to an earlier definition of %s that is not a plain value; give one of the two another name", v.Value, gone.Name)
		default:
			v.Value = substitute(v.Value, gone.Name, gone.Value)
		}
		if len(v.Value) > maxValue {
			diags.Add(diag.EnvUnmergeable, v.at.Field("value"), "with the earlier %s written in, this value has more than %d bytes, the most that Linux gives a variable", gone.Name, maxValue)
			v.Value = ""
		}
		if v.Name == gone.Name { // what follows refers to this definition
			return
		}
	}
}

func substitute(text, name, value string) string {
	var b strings.Builder
	for _, t := range kubelet.Tokens(text) {
		if t.Kind == kubelet.Reference && t.Name == name {
			b.WriteString(value)
			continue
		}
		b.WriteString(t.Raw)
	}
	return b.String()
}
