// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// refuseUnknown reports fields that are younger than the Kubernetes that Argo
// 3.7 and 4.0 are built with: an API server would drop them from a Workflow
// without a word, because Argo's CRD does not have them.
func (p *pod) refuseUnknown() {
	const advice = "Argo has no %s yet, so the API server would drop it from the Workflow; %s"
	for _, step := range p.Steps {
		for _, e := range step.Env {
			if e.ValueFrom != nil && e.ValueFrom.FileKeyRef != nil {
				p.diags.Add(diag.FieldUnsupported, step.EnvAt[e.Name].Field("valueFrom", "fileKeyRef"), advice, "fileKeyRef", "read the file in the container")
			}
		}
	}
	for _, v := range p.Volumes {
		p.refuseCertificates(v, advice)
	}
}

// refuseKeys reports labels and annotations that Argo's controller acts upon.
func (p *pod) refuseKeys() {
	for _, k := range p.KeysOf("argoproj.io") {
		if k.Name == LabelInstance {
			const advice = "%q says which of Argo's controllers takes the Workflow, which is the installation's choice and not the Promise's; " +
				"remove it, and set --argo-instance-id"
			p.diags.Add(diag.LabelReserved, k.At.Key(), advice, k.Name)
			continue
		}
		p.diags.Add(diag.LabelReserved, k.At.Key(), "Argo acts upon %q; choose a key of another domain", k.Name)
	}
}

func (p *pod) refuseCertificates(v plan.Volume, advice string) {
	if v.Projected == nil {
		return
	}
	for i, s := range v.Projected.Sources {
		if s.PodCertificate != nil {
			p.diags.Add(diag.FieldUnsupported, v.At.Field("projected", "sources").Index(i).Field("podCertificate"), advice, "podCertificate", "take the certificate from a Secret")
		}
	}
}
