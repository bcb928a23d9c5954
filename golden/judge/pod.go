// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// pod judges what engines pass on unseen and the API server refuses only when
// the Pod is created: names, mounts and variables that do not fit together.
type pod struct {
	volumes  sets.Set[string]
	names    sets.Set[string]
	findings field.ErrorList
}

func newPod(at *field.Path, volumes []corev1.Volume) *pod {
	p := &pod{volumes: sets.New[string](), names: sets.New[string]()}
	for i, v := range volumes {
		p.claim(p.volumes, at.Index(i).Child("name"), v.Name)
	}
	return p
}

// reserve takes names that the engine gives to containers of its own.
func (p *pod) reserve(names ...string) { p.names.Insert(names...) }

func (p *pod) containers(at *field.Path, containers []corev1.Container) {
	for i, c := range containers {
		p.container(at.Index(i), c)
	}
}

func (p *pod) container(at *field.Path, c corev1.Container) {
	p.claim(p.names, at.Child("name"), c.Name)
	if c.Image == "" {
		p.findings = append(p.findings, field.Required(at.Child("image"), ""))
	}
	for i, e := range c.Env {
		name := at.Child("env").Index(i).Child("name")
		p.findings = append(p.findings, faults(name, e.Name, validation.IsRelaxedEnvVarName(e.Name))...)
	}
	var paths []string
	for i, m := range c.VolumeMounts {
		at := at.Child("volumeMounts").Index(i)
		if !p.volumes.Has(m.Name) {
			p.findings = append(p.findings, field.NotFound(at.Child("name"), m.Name))
		}
		if slices.Contains(paths, m.MountPath) {
			p.findings = append(p.findings, field.Duplicate(at.Child("mountPath"), m.MountPath))
		}
		paths = append(paths, m.MountPath)
	}
}

// claim wants a DNS label that is not taken.
func (p *pod) claim(taken sets.Set[string], at *field.Path, name string) {
	p.findings = append(p.findings, faults(at, name, validation.IsDNS1123Label(name))...)
	if taken.Has(name) {
		p.findings = append(p.findings, field.Duplicate(at, name))
	}
	taken.Insert(name)
}
