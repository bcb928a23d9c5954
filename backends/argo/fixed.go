// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// refuseLeftovers reports every "{{" that Argo would still see: those in fields
// that the kubelet does not expand. It looks where users write first, for a
// good position, and at the whole template last, so that nothing is missed.
func (p *pod) refuseLeftovers(t v1alpha1.Template, printed []byte) {
	secrets, _ := json.Marshal(p.PullSecrets) // strings cannot fail
	if !bytes.Contains(printed, []byte(opening)) && !bytes.Contains(secrets, []byte(opening)) {
		return
	}
	found := false
	refuse := func(at diag.At, text string) {
		found = true
		p.diags.Add(diag.TextUnescapable, at, "Argo would take %q for a template, and this field cannot be escaped; write it without %s", text, opening)
	}
	for _, step := range p.Steps {
		rest := *step.DeepCopy() // what protect does not escape
		rest.Command, rest.Args, rest.Env = nil, nil, nil
		walk(step.At, tree(rest), refuse)
		for _, e := range step.Env {
			at, written := step.EnvAt[e.Name]
			if !written {
				at = step.At.Field("env")
			}
			e.Value = ""
			walk(at, tree(e), refuse)
		}
	}
	for _, v := range p.Volumes {
		walk(v.At, tree(v.Volume), refuse)
	}
	metadata, spec := p.At.Field("metadata"), p.At.Field("spec")
	walk(metadata.Field("labels"), tree(p.Labels), refuse)
	walk(metadata.Field("annotations"), tree(p.PodAnnotations), refuse)
	walk(spec.Field("imagePullSecrets"), tree(p.PullSecrets), refuse)
	walk(spec.Field("nodeSelector"), tree(p.NodeSelector), refuse)
	walk(spec.Field("tolerations"), tree(p.Tolerations), refuse)
	walk(spec.Field("rbac", "serviceAccount"), tree(p.ServiceAccount), refuse)
	if !found { // none of the user's, so it is the operator's
		walk(diag.At{}, tree(t), func(_ diag.At, text string) { refuse(p.At, text) })
	}
}

// tree is the value as JSON objects, lists and strings.
func tree(value any) any {
	data, err := json.Marshal(value)
	if err != nil {
		return nil // manifest.New reports it
	}
	var out any
	_ = json.Unmarshal(data, &out)
	return out
}

// walk visits every string with "{{" in it, keys included, in a fixed order.
func walk(at diag.At, value any, visit func(diag.At, string)) {
	switch value := value.(type) {
	case string:
		if strings.Contains(value, opening) {
			visit(at, value)
		}
	case []any:
		for i, child := range value {
			walk(at.Index(i), child, visit)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if strings.Contains(key, opening) {
				visit(at.Field(key), key)
			}
			walk(at.Field(key), value[key], visit)
		}
	}
}
