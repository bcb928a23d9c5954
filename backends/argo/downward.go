// SPDX-License-Identifier: Apache-2.0

package argo

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// A container can read what it, or another one, asks for: with resourceFieldRef,
// by the name of the container in the Pod. Here the names are other than the
// user wrote.

// resolveRequests rewrites what a container reads through variables.
func (p *pod) resolveRequests(c *corev1.Container) {
	for _, e := range c.Env {
		if e.ValueFrom != nil {
			p.renameIn(e.ValueFrom.ResourceFieldRef)
		}
	}
}

// resolveVolume makes the items of a volume name containers as the Pod does.
func (p *pod) resolveVolume(v corev1.Volume) {
	for _, item := range plan.DownwardItems(v) {
		p.renameIn(item.ResourceFieldRef)
	}
}

// renameIn makes a reference to what a container asks for name the container
// as the Pod does.
func (p *pod) renameIn(ref *corev1.ResourceFieldSelector) {
	for i, step := range p.Steps {
		if ref != nil && ref.ContainerName == step.Name {
			ref.ContainerName = p.containerNames[i]
			return
		}
	}
}
