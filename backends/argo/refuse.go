// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"strings"

	"github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/kratix-compile/kratix-compile/backends/build"
	"github.com/kratix-compile/kratix-compile/translate/diag"
)

// refuseLeftovers reports every "{{" that Argo would still see: it is in a field that the
// kubelet does not expand. The fields that users write come first, because they have a
// position. The whole template comes last, so that nothing is missed.
func (p *pod) refuseLeftovers(t v1alpha1.Template) {
	found := false
	refuse := func(at diag.At, text string) {
		found = true
		p.Diags.Add(diag.TextUnescapable, at, "Argo would take %q for a template, and this field cannot be escaped; write it without %s", text, opening)
	}
	takes := func(text string) bool { return strings.Contains(text, opening) }
	build.Finder{Takes: takes, Found: func(_ string, t build.Text) { refuse(t.At, t.Value) }}.Fields(p.Run)
	if !found { // none of the user's, so it is the operator's
		build.Finder{Takes: takes, Found: func(_ string, t build.Text) { refuse(p.At, t.Value) }}.Value("", p.At, t)
	}
}

// refuseKeys reports labels and annotations that Argo's controller acts upon.
func (p *pod) refuseKeys() {
	for _, k := range p.KeysOf("argoproj.io") {
		if k.Name == LabelInstance {
			const advice = "%q says which of Argo's controllers takes the Workflow, which is the installation's choice and not the Promise's; " +
				"remove it, and set --argo-instance-id"
			p.Diags.Add(diag.LabelReserved, k.At.Key(), advice, k.Name)
			continue
		}
		p.Diags.Add(diag.LabelReserved, k.At.Key(), "Argo acts upon %q; choose a key of another domain", k.Name)
	}
}

// refuseUnknown reports fields that are younger than the Kubernetes that Argo 3.7 and 4.0 are
// built with. Argo's CRD does not have them, so an API server would drop them from a Workflow
// and say nothing.
func (p *pod) refuseUnknown() {
	refuse := func(at diag.At, field, instead string) {
		p.Diags.Add(diag.FieldUnsupported, at.Field(field), "Argo has no %s yet, so the API server would drop it from the Workflow; %s", field, instead)
	}
	for _, step := range p.Steps {
		for _, e := range step.Env {
			if e.ValueFrom != nil && e.ValueFrom.FileKeyRef != nil {
				refuse(step.EnvAt[e.Name].Field("valueFrom"), "fileKeyRef", "read the file in the container")
			}
		}
	}
	for _, v := range p.Volumes {
		if v.Projected == nil {
			continue
		}
		for i, s := range v.Projected.Sources {
			if s.PodCertificate != nil {
				refuse(v.At.Field("projected", "sources").Index(i), "podCertificate", "take the certificate from a Secret")
			}
		}
	}
}
