// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// steps are the init containers and then the main container, as the Pod has them. Argo itself
// knows nothing of init containers. The main container is the harvest, unless the annotation says
// what the user calls it.
func (w workflowRun) steps(n node, pod *corev1.Pod) []state.Step {
	t := w.template(n)
	names := state.UserNames(t.Metadata.Annotations)
	var out []state.Step
	for _, c := range t.InitContainers {
		out = append(out, state.Step{Name: names.Of(c.Name), Container: c.Name})
	}
	last := state.Step{Name: plan.HarvestName, Container: mainContainer, Harvest: true}
	if user, isUsers := names[mainContainer]; isUsers {
		last.Name, last.Harvest = user, false
	}
	out = append(out, last)
	for i := range out {
		switch c := state.Container(pod, out[i].Container); {
		case c != nil:
			out[i].Read(*c)
		case n.HostNodeName == "":
			out[i].Phase = state.StepWaiting // there was no Pod, or nowhere to run
		}
	}
	return out
}

// template is the template of the node. While there is no node it is that of the first
// Pipeline.
func (w workflowRun) template(n node) template {
	i := slices.IndexFunc(w.Spec.Templates, func(t template) bool {
		return t.Container != nil && (n.TemplateName == "" || t.Name == n.TemplateName)
	})
	if i < 0 {
		return template{}
	}
	return w.Spec.Templates[i]
}
