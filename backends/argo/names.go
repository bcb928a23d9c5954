// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/names"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

const (
	// entrypoint is the template that calls the others.
	entrypoint = "pipelines"
	// mainContainer is the name that Argo gives the container of a template.
	mainContainer = "main"
	// maskVolume hides the API token.
	maskVolume = "kratix-no-token"
)

// Argo's own names; those of 4.1 (supervisor, argoexec-bin) are among them.
var (
	argoContainers        = []string{"init", "wait", mainContainer, "supervisor"}
	argoContainerPrefixes = []string{"artifact-plugin-", "init-artifact-"}

	argoVolumes = []string{
		"var-run-argo", "tmp-dir-argo", "input-artifacts", "argo-staging", "argo-env-config",
		"exec-sa-token", "kubeconfig", "argoexec-bin",
	}
	argoVolumePrefixes = []string{"artifact-plugin-"}
)

func workspaceVolume(w plan.Workspace) string { return "kratix-" + w.Name }

// templateNames are those of the Runs, for their templates and their steps.
func templateNames(runs []plan.Run) []string {
	wanted := make([]string, len(runs))
	for i, run := range runs {
		wanted[i] = fieldName(run.Pipeline)
	}
	return names.Assign(wanted, names.MaxLabel, func(name string) bool { return name == entrypoint })
}

// fieldName leaves what Argo allows in the name of a template or step:
// letters, digits and dashes, and no dash in front.
func fieldName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		default:
			return '-'
		}
	}, name)
	return strings.TrimLeft(name, "-")
}

func (p *pod) nameContainers() {
	wanted := make([]string, len(p.Steps))
	for i, step := range p.Steps {
		wanted[i] = step.Name
	}
	p.containerNames = names.Assign(wanted, names.MaxLabel, among(argoContainers, argoContainerPrefixes))
	for i, step := range p.Steps {
		if name := p.containerNames[i]; name != step.Name {
			p.diags.Add(diag.ContainerRenamed, step.At.Field("name"), "the container %q is called %q in the Pod: the name is taken", step.Name, name)
		}
	}
}

func (p *pod) nameVolumes() {
	taken := append([]string{maskVolume, p.Harvest.Volume.Name}, argoVolumes...)
	for _, w := range p.Workspaces {
		taken = append(taken, workspaceVolume(w))
	}
	wanted := make([]string, len(p.Volumes))
	for i, v := range p.Volumes {
		wanted[i] = v.Name
	}
	p.volumeNames = map[string]string{}
	for i, name := range names.Assign(wanted, names.MaxLabel, among(taken, argoVolumePrefixes)) {
		v := p.Volumes[i]
		p.volumeNames[v.Name] = name
		if name != v.Name {
			p.diags.Add(diag.VolumeRenamed, v.At.Field("name"), "the volume %q is called %q in the Pod: the name is taken", v.Name, name)
		}
	}
}

// among tells whether a name is taken or begins as the engine's do.
func among(taken, prefixes []string) func(string) bool {
	return func(name string) bool {
		begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		return slices.Contains(taken, name) || slices.ContainsFunc(prefixes, begins)
	}
}
