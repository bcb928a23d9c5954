// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"path"
	"slices"
	"strings"

	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"

	"github.com/kratix-compile/kratix-compile/backends/build"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// manySteps is about the number of steps whose status fits into the 12 KiB that a Pod has for
// termination messages. Tekton collects the status from these (tektoncd/pipeline#4808).
const manySteps = 12

// imageDir is where Tekton mounts an empty directory into every step.
const imageDir = "/workspace"

// pod is a Run on its way to its TaskRun.
type pod struct {
	*build.Pod
	options Compiler
}

func newPod(c Compiler, run plan.Run, diags *diag.List) *pod {
	return &pod{build.NewPod(run, reserved, diags), c}
}

// containers are the user's and then the harvest, if there is one.
func (p *pod) containers() []v1.Step {
	if n := len(p.Steps); n > manySteps {
		p.Diags.Add(diag.ManySteps, p.Places.Containers,
			"with %d containers Tekton may not be able to report every one's result; use %d or fewer, or another Pipeline", n, manySteps)
	}
	var out []v1.Step
	for i, step := range p.Steps {
		step.Container = p.Container(i)
		p.writeRequests(step.Env, p.Steps[i])
		out = append(out, p.finish(step))
	}
	if p.Harvests() {
		out = append(out, p.harvest())
	}
	p.requests(out)
	return out
}

func (p *pod) harvest() v1.Step {
	return p.finish(plan.Step{Container: *p.Harvest.Container.DeepCopy()})
}

// finish makes a step of a container that has the names of the Pod. It may change it.
func (p *pod) finish(step plan.Step) v1.Step {
	command, args := p.commandLine(step)
	p.warnHidden(step, command, args)
	p.warnSteering(step)
	p.protect(&step, command, args)
	var out v1.Step
	out.SetContainerFields(step.Container)
	return out
}

// workspaces declares the directories and binds them. Tekton makes their volumes, and mounts them
// into every step by a step template of its own that has nothing but mounts. A template of ours
// with variables would change the order of env, so there is none.
func (p *pod) workspaces() ([]v1.WorkspaceDeclaration, []v1.WorkspaceBinding) {
	var declared []v1.WorkspaceDeclaration
	var bound []v1.WorkspaceBinding
	for _, w := range p.Workspaces {
		declared = append(declared, v1.WorkspaceDeclaration{Name: w.Name, MountPath: w.Path, ReadOnly: w.ReadOnly()})
		source := build.WorkspaceSource(w)
		bound = append(bound, v1.WorkspaceBinding{Name: w.Name, ConfigMap: source.ConfigMap, EmptyDir: source.EmptyDir})
	}
	return declared, bound
}

// reservedPath follows the rule of Tekton's webhook, and also reserves /tekton itself: Tekton's
// own mounts would end up inside the user's volume.
func reservedPath(mountPath string) string {
	p := path.Join("/", mountPath)
	if p == "/tekton" || strings.HasPrefix(p, "/tekton/") && !strings.HasPrefix(p, "/tekton/home") {
		return "where Tekton keeps its own files; mount elsewhere"
	}
	return ""
}

// warnHidden finds a program or a file that the image may have in /workspace, where Tekton
// mounts an empty directory.
func (p *pod) warnHidden(step plan.Step, command, args []build.Text) {
	suspects := append(slices.Clone(command[:min(1, len(command))]), args...)
	for i, m := range step.VolumeMounts {
		if path.Clean(m.MountPath) == imageDir {
			return
		}
		suspects = append(suspects, build.Text{Value: m.MountPath, At: step.At.Field("volumeMounts").Index(i).Field("mountPath")})
	}
	hidden := func(t build.Text) bool { return t.Value == imageDir || strings.HasPrefix(t.Value, imageDir+"/") }
	if i := slices.IndexFunc(suspects, hidden); i >= 0 {
		p.Diags.Add(diag.WorkspaceHidden, suspects[i].At,
			"Tekton mounts an empty directory over the image's /workspace; if %q is in the image, move it elsewhere", suspects[i].Value)
	}
}

// warnSteering warns of variables such as TEKTON_HERMETIC: Tekton starts a program of its own
// in every step, which may read them.
func (p *pod) warnSteering(step plan.Step) {
	for _, e := range step.Env {
		if strings.HasPrefix(e.Name, "TEKTON_") {
			p.Diags.Add(diag.EnvReserved, step.EnvAt[e.Name].Field("name"), "Tekton's program in the step may act upon %s; choose a name that does not begin with TEKTON_", e.Name)
		}
	}
}
