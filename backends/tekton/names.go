// SPDX-License-Identifier: Apache-2.0

package tekton

import (
	"regexp"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

const (
	// stepPrefix goes before the name of a step to make that of its container,
	// which Tekton cuts at 63 characters.
	stepPrefix  = "step-"
	maxStepName = 63 - len(stepPrefix)
)

// engineVolume matches what Tekton calls its own volumes in the Pod: working
// directories, credentials and, hashed, workspaces.
var engineVolume = regexp.MustCompile(`^(tekton-|ws-[0-9a-f]{5}$)`)

// naming is what the parts of a Run are called in the TaskRun.
type naming struct {
	harvest string
	// steps are in the order of the Run's, containers by the name in the plan.
	steps      []string
	containers map[string]string
	// volumes are by the name the user gave.
	volumes map[string]string
	// renamed has the steps whose name is not the container's.
	renamed map[string]string
}

func nameParts(run plan.Run, diags *diag.List) naming {
	n := naming{containers: map[string]string{}, volumes: map[string]string{}, renamed: map[string]string{}}
	n.nameSteps(run, diags)
	n.nameVolumes(run, diags)
	return n
}

func (n *naming) nameSteps(run plan.Run, diags *diag.List) {
	n.harvest = run.Harvest.Name
	wanted := make([]string, len(run.Steps))
	for i, s := range run.Steps {
		wanted[i] = s.Name
	}
	n.steps = names.Assign(wanted, maxStepName, func(name string) bool { return name == n.harvest })
	for i, s := range run.Steps {
		n.containers[s.Name] = stepPrefix + n.steps[i]
		if name := n.steps[i]; name != s.Name {
			n.renamed[s.Name] = name
			diags.Add(diag.ContainerRenamed, s.At.Field("name"),
				"the container %q is called %q in the Pod: the name is taken, or longer than %d characters", s.Name, name, maxStepName)
		}
	}
}

func (n *naming) nameVolumes(run plan.Run, diags *diag.List) {
	wanted := make([]string, len(run.Volumes))
	for i, v := range run.Volumes {
		wanted[i] = v.Name
	}
	reserved := func(name string) bool { return name == run.Harvest.Volume.Name || engineVolume.MatchString(name) }
	for i, name := range names.Assign(wanted, names.MaxLabel, reserved) {
		v := run.Volumes[i]
		n.volumes[v.Name] = name
		if name != v.Name {
			diags.Add(diag.VolumeRenamed, v.At.Field("name"),
				"the volume %q is called %q in the Pod: the name is taken", v.Name, name)
		}
	}
}

// inPod is what the container that the user calls so is called in the Pod.
func (n naming) inPod(container string) string {
	if name, ok := n.containers[container]; ok {
		return name
	}
	return container
}
