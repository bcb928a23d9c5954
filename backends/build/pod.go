// SPDX-License-Identifier: Apache-2.0

// Package build is what all compilers do alike with a Run on its way to an engine: they
// rename what has a name of the engine's, protect the texts, and collect the objects.
package build

import (
	"encoding/json"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Reserved is what an engine keeps for itself in a Pod.
type Reserved struct {
	// Prefix is what the engine puts before the name of a step to make that of its container.
	Prefix string
	// Last is what the engine calls the last container; empty if it has no name for it.
	Last string
	// Container and Volume tell whether a name is the engine's.
	Container, Volume func(name string) bool
	// Path tells what is at a path that nobody may mount at, as in "where the engine keeps
	// its own files; mount elsewhere". It is empty for all other paths.
	Path func(mountPath string) string
}

// Pod is a Run on its way to an engine.
type Pod struct {
	plan.Run
	Diags *diag.List
	// Names are what the engine's object calls the Steps, in their order.
	Names []string

	reserved Reserved
	// volumes are the names in the Pod by those that the user gave.
	volumes map[string]string
}

// NewPod gives the containers and the volumes names that are free.
func NewPod(run plan.Run, reserved Reserved, diags *diag.List) *Pod {
	p := &Pod{Run: run, Diags: diags, reserved: reserved, volumes: map[string]string{}}
	p.nameContainers()
	p.nameVolumes()
	return p
}

func (p *Pod) nameContainers() {
	limit, why := names.MaxLabel-len(p.reserved.Prefix), "the name is taken"
	if p.reserved.Prefix != "" {
		why += fmt.Sprintf(", or longer than %d characters", limit)
	}
	wanted := make([]string, len(p.Steps))
	for i, s := range p.Steps {
		wanted[i] = s.Name
	}
	given := 0
	if p.reserved.Last != "" && !p.Harvests() && len(wanted) > 0 {
		given = 1
	}
	p.Names = names.Assign(wanted[:len(wanted)-given], limit, p.reserved.Container)
	for i, name := range p.Names {
		p.noteName(i, name, why)
	}
	if given > 0 {
		p.Names = append(p.Names, p.reserved.Last)
		p.noteName(len(wanted)-1, p.reserved.Last, "the engine gives the last container this name")
	}
}

func (p *Pod) noteName(step int, name, why string) {
	if s := p.Steps[step]; name != s.Name {
		p.Diags.Add(diag.ContainerRenamed, s.At.Field("name"), "the container %q is called %q in the Pod: %s", s.Name, name, why)
	}
}

func (p *Pod) nameVolumes() {
	wanted := make([]string, len(p.Volumes))
	for i, v := range p.Volumes {
		wanted[i] = v.Name
	}
	taken := func(name string) bool { return name == p.Harvest.Volume.Name || p.reserved.Volume(name) }
	for i, name := range names.Assign(wanted, names.MaxLabel, taken) {
		v := p.Volumes[i]
		p.volumes[v.Name] = name
		if name != v.Name {
			p.Diags.Add(diag.VolumeRenamed, v.At.Field("name"), "the volume %q is called %q in the Pod: the name is taken", v.Name, name)
		}
	}
}

// NoteRenamed adds to annotations what the user calls the containers that have other names
// now; state.UserNames reads it. A last container that has its name of the engine is there in any
// case: this tells it from a harvest.
func (p *Pod) NoteRenamed(annotations map[string]string) map[string]string {
	renamed := map[string]string{}
	for i, s := range p.Steps {
		if name := p.Names[i]; name != s.Name || name == p.reserved.Last {
			renamed[s.Name] = name
		}
	}
	if len(renamed) == 0 {
		return annotations
	}
	data, _ := json.Marshal(renamed) // strings cannot fail
	out := map[string]string{workflow.AnnotationRenamed: string(data)}
	maps.Copy(out, annotations)
	return out
}

// Container is a copy of a step's container. It has the new names of itself, of the volumes
// that it mounts, and of the containers and volumes that its variables read from.
func (p *Pod) Container(step int) corev1.Container {
	s := p.Steps[step]
	c := *s.Container.DeepCopy()
	c.Name = p.Names[step]
	for i := range c.VolumeMounts {
		p.mount(&c.VolumeMounts[i], s.At.Field("volumeMounts").Index(i))
	}
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			continue
		}
		p.rename(e.ValueFrom.ResourceFieldRef)
		if file := e.ValueFrom.FileKeyRef; file != nil {
			file.VolumeName = p.volumes[file.VolumeName]
		}
	}
	return c
}

// mount refuses what is not the user's: the harvest's volume, for example, has a token.
func (p *Pod) mount(m *corev1.VolumeMount, at diag.At) {
	if why := p.reserved.Path(m.MountPath); why != "" {
		p.Diags.Add(diag.MountReserved, at.Field("mountPath"), "%q is %s", m.MountPath, why)
	}
	name, declared := p.volumes[m.Name]
	if !declared {
		p.Diags.Add(diag.Bug, at, "the mount %q is of no volume of the Pipeline", m.MountPath)
	}
	m.Name = name
}

// PodVolumes are copies of the user's volumes, with the new names of themselves and of the
// containers that they tell of, and then the harvest's.
func (p *Pod) PodVolumes() []corev1.Volume {
	var out []corev1.Volume
	for _, v := range p.Volumes {
		volume := *v.Volume.DeepCopy()
		volume.Name = p.volumes[v.Name]
		for _, item := range plan.DownwardItems(volume) {
			p.rename(item.ResourceFieldRef)
		}
		out = append(out, volume)
	}
	if p.Harvests() {
		out = append(out, p.Harvest.Volume)
	}
	return out
}

// WorkspaceSource is where the files of a workspace are.
func WorkspaceSource(w plan.Workspace) corev1.VolumeSource {
	if w.ConfigMap == "" {
		return corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
	}
	return corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: w.ConfigMap}}}
}

// rename is for a reference to what a container asks for, which has the name of the
// container in the Pod.
func (p *Pod) rename(ref *corev1.ResourceFieldSelector) {
	for i, s := range p.Steps {
		if ref != nil && ref.ContainerName == s.Name {
			ref.ContainerName = p.reserved.Prefix + p.Names[i]
			return
		}
	}
}
