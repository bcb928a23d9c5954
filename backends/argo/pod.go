// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"encoding/json"
	"maps"
	"path"
	"strings"

	"github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// tokenPath is where Kubernetes mounts the API token into every container that
// mounts nothing else there.
const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount"

// longTemplate is the size from which Argo passes the template of a Pod by
// ConfigMap and not in a variable (#7586).
const longTemplate = 131072

// reservedPaths are what Argo mounts into init containers: its own directory
// always, the other one if the template is long.
var reservedPaths = []string{"/var/run/argo", "/argo/config"}

// pod is a Run on its way to the template of its Pod.
type pod struct {
	plan.Run
	diags *diag.List
	// containerNames are those of the steps, volumeNames maps the user's names.
	containerNames []string
	volumeNames    map[string]string
}

func compileRun(run plan.Run, name string, diags *diag.List) v1alpha1.Template {
	p := &pod{Run: run, diags: diags}
	p.nameContainers()
	p.nameVolumes()
	t := v1alpha1.Template{
		Name:               name,
		Metadata:           p.metadata(),
		ServiceAccountName: run.ServiceAccount,
		// argoexec reports with this token; false would need a second account.
		AutomountServiceAccountToken: new(true),
		NodeSelector:                 run.NodeSelector,
		Tolerations:                  run.Tolerations,
		Volumes:                      p.volumes(),
		InitContainers:               p.containers(),
		Container:                    p.harvest(),
		RetryStrategy:                retryStrategy(run.Retries),
		ActiveDeadlineSeconds:        podDeadline(run.Timeout),
	}
	printed, _ := json.Marshal(t) // manifest.New reports the error
	p.refuseLeftovers(t, printed)
	p.refuseUnknown()
	p.refuseKeys()
	p.warnSecrets()
	p.noteSize(len(printed))
	return t
}

func (p *pod) metadata() v1alpha1.Metadata {
	m := v1alpha1.Metadata{Labels: p.Labels, Annotations: maps.Clone(p.PodAnnotations)}
	renamed := map[string]string{}
	for i, step := range p.Steps {
		if name := p.containerNames[i]; name != step.Name {
			renamed[step.Name] = name
		}
	}
	if len(renamed) > 0 {
		if m.Annotations == nil {
			m.Annotations = map[string]string{}
		}
		data, _ := json.Marshal(renamed)
		m.Annotations[workflow.AnnotationRenamed] = string(data)
	}
	return m
}

// containers are the user's.
func (p *pod) containers() []v1alpha1.UserContainer {
	out := make([]v1alpha1.UserContainer, len(p.Steps))
	for i, step := range p.Steps {
		c := *step.DeepCopy()
		c.Name = p.containerNames[i]
		p.resolveRequests(&c)
		c.VolumeMounts = append(p.ownMounts(), p.userMounts(step)...)
		p.protect(&c, step.At, step.EnvAt)
		p.assertUnique(c, step.At)
		out[i] = v1alpha1.UserContainer{Container: c}
	}
	return out
}

// harvest is the one container that Argo wraps; it has a command, so Argo
// never asks a registry for one.
func (p *pod) harvest() *corev1.Container {
	c := p.Harvest.DeepCopy()
	c.Name = mainContainer
	c.VolumeMounts = append(p.ownMounts(), c.VolumeMounts...)
	p.protect(c, diag.At{}, nil)
	p.assertUnique(*c, p.At)
	return c
}

func (p *pod) volumes() []corev1.Volume {
	var out []corev1.Volume
	for _, w := range p.Workspaces {
		source := corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
		if w.ConfigMap != "" {
			source = corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: w.ConfigMap},
			}}
		}
		out = append(out, corev1.Volume{Name: workspaceVolume(w), VolumeSource: source})
	}
	if !p.UserToken {
		out = append(out, corev1.Volume{Name: maskVolume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	}
	for _, v := range p.Volumes {
		renamed := *v.DeepCopy()
		renamed.Name = p.volumeNames[v.Name]
		p.resolveVolume(renamed)
		out = append(out, renamed)
	}
	return append(out, p.Harvest.Volume)
}

// ownMounts are those of every container. An empty directory where the API
// token would be keeps the token out: Kubernetes leaves such containers alone.
func (p *pod) ownMounts() []corev1.VolumeMount {
	var out []corev1.VolumeMount
	for _, w := range p.Workspaces {
		out = append(out, corev1.VolumeMount{Name: workspaceVolume(w), MountPath: w.Path, ReadOnly: w.ReadOnly()})
	}
	if !p.UserToken {
		out = append(out, corev1.VolumeMount{Name: maskVolume, MountPath: tokenPath, ReadOnly: true})
	}
	return out
}

func (p *pod) userMounts(step plan.Step) []corev1.VolumeMount {
	var out []corev1.VolumeMount
	for i, m := range step.VolumeMounts {
		at := step.At.Field("volumeMounts").Index(i).Field("mountPath")
		for _, reserved := range reservedPaths {
			if within(m.MountPath, reserved) {
				p.diags.Add(diag.MountReserved, at, "%q is where Argo keeps its own files; mount elsewhere", m.MountPath)
			}
		}
		if !p.UserToken && within(m.MountPath, tokenPath) {
			p.diags.Add(diag.MountReserved, at, "%q is where the API token is kept out of the container; mount elsewhere, or declare rbac to get the token", m.MountPath)
		}
		name, declared := p.volumeNames[m.Name]
		if !declared { // one of ours, such as the harvest's token, must not slip through
			p.diags.Add(diag.Bug, at, "the mount %q is of no volume of the Pipeline", m.MountPath)
		}
		m := *m.DeepCopy()
		m.Name = name
		out = append(out, m)
	}
	return out
}

// within tells whether a mount is at or below dir. /run is where /var/run
// leads to in most images.
func within(mount, dir string) bool {
	mount = path.Clean(mount)
	if mount == "/run" || strings.HasPrefix(mount, "/run/") {
		mount = "/var" + mount
	}
	return mount == dir || strings.HasPrefix(mount, dir+"/")
}

// assertUnique guards the keys of Argo's CRD: it takes no variable and no
// mount path twice. The planner sees to that; a miss would be our own fault.
func (p *pod) assertUnique(c corev1.Container, at diag.At) {
	seen := map[string]bool{}
	once := func(what, key string) {
		if seen[what+key] {
			p.diags.Add(diag.Bug, at, "container %q has %s %q twice", c.Name, what, key)
		}
		seen[what+key] = true
	}
	for _, e := range c.Env {
		once("variable", e.Name)
	}
	for _, m := range c.VolumeMounts {
		once("mount path", m.MountPath)
	}
}

func (p *pod) noteSize(size int) {
	if size > longTemplate {
		p.diags.Add(diag.TemplateTooLong, p.At, "the template of %q has %d bytes; above %d Argo passes it to the Pod by ConfigMap",
			p.Pipeline, size, longTemplate)
	}
}
