// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/backends/build"
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

// Argo's own names. Some of them, supervisor and argoexec-bin, are new in Argo 4.1.
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

// reserved is what Argo has in the Pod of a Run, and what this package adds to it.
func reserved(run plan.Run) build.Reserved {
	taken := append([]string{maskVolume}, argoVolumes...)
	for _, w := range run.Workspaces {
		taken = append(taken, workspaceVolume(w))
	}
	return build.Reserved{
		Last:      mainContainer,
		Container: among(argoContainers, argoContainerPrefixes),
		Volume:    among(taken, argoVolumePrefixes),
		Path:      func(mountPath string) string { return reservedPath(mountPath, run.UserToken) },
	}
}

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

// among tells whether a name is taken or begins as names of the engine do.
func among(taken, prefixes []string) func(string) bool {
	return func(name string) bool {
		begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		return slices.Contains(taken, name) || slices.ContainsFunc(prefixes, begins)
	}
}
