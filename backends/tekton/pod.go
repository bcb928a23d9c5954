// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"path"
	"slices"
	"strings"

	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// manySteps is about where the status of the steps, which Tekton collects from
// termination messages, outgrows the 12 KiB that a Pod has for them
// (tektoncd/pipeline#4808).
const manySteps = 12

// imageDir is where Tekton mounts an empty directory into every step.
const imageDir = "/workspace"

// steps are the user's containers and then the harvest.
func (c Compiler) steps(run plan.Run, names naming, diags *diag.List) []v1.Step {
	if n := len(run.Steps); n > manySteps {
		diags.Add(diag.ManySteps, run.At.Field("spec", "containers"),
			"with %d containers Tekton may not be able to report every one's result; use %d or fewer, or another Pipeline", n, manySteps)
	}
	var out []v1.Step
	for i, s := range run.Steps {
		s.Container = *s.DeepCopy()
		s.Name = names.steps[i]
		rejectReferences(stepFields(s), diags)
		mounts(s, names, diags)
		c.resolveRequests(s, run, names)
		out = append(out, c.step(s, diags))
	}
	harvest := plan.Step{Container: *run.Harvest.Container.DeepCopy()}
	harvest.Name = names.harvest
	return append(out, c.step(harvest, diags))
}

// step finishes the container, which it may change, and makes a step of it.
func (c Compiler) step(s plan.Step, diags *diag.List) v1.Step {
	command, args := c.commandLine(s, diags)
	checkHidden(s, command, args, diags)
	checkSteering(s, diags)
	protectStep(&s, command, args, diags)
	var out v1.Step
	out.SetContainerFields(s.Container)
	return out
}

// checkSteering warns of variables that the program reads which Tekton starts
// in every step, such as TEKTON_HERMETIC.
func checkSteering(s plan.Step, diags *diag.List) {
	for _, e := range s.Env {
		if strings.HasPrefix(e.Name, "TEKTON_") {
			diags.Add(diag.EnvReserved, s.EnvAt[e.Name].Field("name"), "Tekton's program in the step may act upon %s; choose a name that does not begin with TEKTON_", e.Name)
		}
	}
}

// mounts gives the mounts the new names of their volumes. Only the user's own
// volumes can be mounted: the harvest's holds a token.
func mounts(s plan.Step, names naming, diags *diag.List) {
	for i := range s.VolumeMounts {
		m, at := &s.VolumeMounts[i], s.At.Field("volumeMounts").Index(i)
		if ownedByTekton(m.MountPath) {
			diags.Add(diag.MountReserved, at.Field("mountPath"),
				"%q is where Tekton keeps its own files; mount elsewhere", m.MountPath)
		}
		name, ok := names.volumes[m.Name]
		if !ok {
			diags.Add(diag.Bug, at, "the mount %q is of no volume of the Pipeline", m.MountPath)
		}
		m.Name = name
	}
}

// ownedByTekton is the rule of Tekton's webhook, and /tekton itself besides:
// Tekton's own mounts would have to be made inside the user's volume.
func ownedByTekton(mountPath string) bool {
	p := path.Join("/", mountPath)
	return p == "/tekton" || strings.HasPrefix(p, "/tekton/") && !strings.HasPrefix(p, "/tekton/home")
}

// checkHidden finds programs and files that the image may have in /workspace.
func checkHidden(s plan.Step, command, args []text, diags *diag.List) {
	suspects := append(slices.Clone(command[:min(1, len(command))]), args...)
	for i, m := range s.VolumeMounts {
		if path.Clean(m.MountPath) == imageDir {
			return
		}
		suspects = append(suspects, text{m.MountPath, s.At.Field("volumeMounts").Index(i).Field("mountPath")})
	}
	hidden := func(t text) bool { return t.value == imageDir || strings.HasPrefix(t.value, imageDir+"/") }
	if i := slices.IndexFunc(suspects, hidden); i >= 0 {
		diags.Add(diag.WorkspaceHidden, suspects[i].at,
			"Tekton mounts an empty directory over the image's /workspace; if %q is in the image, move it elsewhere", suspects[i].value)
	}
}

// volumes are the user's and the harvest's. Those of the workspaces are
// Tekton's to make.
func volumes(run plan.Run, names naming, diags *diag.List) []corev1.Volume {
	var out []corev1.Volume
	for _, v := range run.Volumes {
		rejectReferences(volumeFields(v), diags)
		volume := v.DeepCopy()
		volume.Name = names.volumes[v.Name]
		resolveVolume(volume, names)
		out = append(out, *volume)
	}
	return append(out, run.Harvest.Volume)
}

// workspaces declares the directories and binds them. Tekton mounts them into
// every step through a step template of its own, made of mounts alone; one with
// variables would change the order of env, so we have none.
func workspaces(run plan.Run) ([]v1.WorkspaceDeclaration, []v1.WorkspaceBinding) {
	var declared []v1.WorkspaceDeclaration
	var bound []v1.WorkspaceBinding
	for _, w := range run.Workspaces {
		declared = append(declared, v1.WorkspaceDeclaration{Name: w.Name, MountPath: w.Path, ReadOnly: w.ReadOnly()})
		b := v1.WorkspaceBinding{Name: w.Name}
		if w.ConfigMap != "" {
			b.ConfigMap = &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: w.ConfigMap}}
		} else {
			b.EmptyDir = &corev1.EmptyDirVolumeSource{}
		}
		bound = append(bound, b)
	}
	return declared, bound
}
