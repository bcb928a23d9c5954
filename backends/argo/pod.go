// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/build"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// tokenPath is where Kubernetes mounts the API token into every container that
// mounts nothing else there.
const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount"

// longTemplate is the size from which Argo passes the template of a Pod by
// ConfigMap and not in a variable (#7586).
const longTemplate = 131072

// reservedPaths are what Argo mounts into the user's containers: its own directory always, the
// other one if the template is long.
var reservedPaths = []string{"/var/run/argo", "/argo/config"}

// pod is a Run on its way to the template of its Pod.
type pod struct {
	*build.Pod
	options Compiler
}

func newPod(c Compiler, run plan.Run, diags *diag.List) *pod {
	return &pod{build.NewPod(run, reserved(run), diags), c}
}

// initContainers are the user's, but for one that is the main container.
func (p *pod) initContainers() []v1alpha1.UserContainer {
	out := make([]v1alpha1.UserContainer, p.inits())
	for i := range out {
		step := p.Steps[i]
		command, args := build.Texts(step.Command, step.At.Field("command")), build.Texts(step.Args, step.At.Field("args"))
		step.Container = p.Container(i)
		out[i] = v1alpha1.UserContainer{Container: p.finish(step, command, args, step.At)}
	}
	return out
}

// inits is how many of the steps are init containers.
func (p *pod) inits() int {
	if p.Harvests() {
		return len(p.Steps)
	}
	return max(len(p.Steps)-1, 0)
}

// main is the harvest, or else the last of the user's containers. Argo starts it by a program of
// its own, and asks a registry for its command if it has none.
func (p *pod) main() *corev1.Container {
	step, at := plan.Step{Container: *p.Harvest.Container.DeepCopy()}, p.At
	switch last := p.inits(); {
	case p.Harvests():
		step.Name = mainContainer
	case last < len(p.Steps):
		step, at = p.Steps[last], p.Steps[last].At
		step.Container = p.Container(last)
	default:
		return nil
	}
	command, args, _ := p.CommandLine(step, p.options.Images, "Argo")
	return new(p.finish(step, command, args, at))
}

// finish gives a container the mounts of all containers and escapes its texts. It may change
// the step's lists.
func (p *pod) finish(step plan.Step, command, args []build.Text, at diag.At) corev1.Container {
	step.VolumeMounts = append(p.ownMounts(), step.VolumeMounts...)
	p.protect(&step, command, args)
	p.assertUnique(step.Container, at)
	return step.Container
}

// volumes are those of the workspaces, the user's and the harvest's, if there is one.
func (p *pod) volumes() []corev1.Volume {
	var out []corev1.Volume
	for _, w := range p.Workspaces {
		out = append(out, corev1.Volume{Name: workspaceVolume(w), VolumeSource: build.WorkspaceSource(w)})
	}
	if !p.UserToken {
		out = append(out, corev1.Volume{Name: maskVolume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	}
	return append(out, p.PodVolumes()...)
}

// ownMounts are the mounts of every container. One of them is an empty directory where the API
// token would be: Kubernetes mounts no token over it.
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

func reservedPath(mountPath string, userToken bool) string {
	within := func(dir string) bool { return within(mountPath, dir) }
	switch {
	case slices.ContainsFunc(reservedPaths, within):
		return "where Argo keeps its own files; mount elsewhere"
	case !userToken && within(tokenPath):
		return "where the API token is kept out of the container; mount elsewhere, or declare rbac to get the token"
	default:
		return ""
	}
}

// within tells whether a mount is at or below dir. In most images /var/run is a link to /run,
// so /run/argo is /var/run/argo.
func within(mount, dir string) bool {
	mount = path.Clean(mount)
	if mount == "/run" || strings.HasPrefix(mount, "/run/") {
		mount = "/var" + mount
	}
	return mount == dir || strings.HasPrefix(mount, dir+"/")
}

// assertUnique looks for a variable or a mount path that is there twice, which Argo's CRD
// refuses. The plan has none; if it had, that would be a bug of the compiler.
func (p *pod) assertUnique(c corev1.Container, at diag.At) {
	seen := map[string]bool{}
	once := func(what, key string) {
		if seen[what+key] {
			p.Diags.Add(diag.Bug, at, "container %q has %s %q twice", c.Name, what, key)
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

func (p *pod) noteSize(t v1alpha1.Template) {
	printed, _ := json.Marshal(t) // manifest.New reports the error
	if size := len(printed); size > longTemplate {
		p.Diags.Add(diag.TemplateTooLong, p.At, "the template of %q has %d bytes; above %d Argo passes it to the Pod by ConfigMap",
			p.Pipeline, size, longTemplate)
	}
}
