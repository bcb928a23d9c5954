// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-compile/kratix-compile/e2e/sight"
)

// reasons are why something may be different on an engine, beside those of every Pod.
var reasons = map[string][]sight.Reason{
	"tekton": {
		{Why: "Tekton's Pods have labels of Tekton, and say that Tekton manages them.", Forgive: func(s *sight.Sight) {
			for i := range s.Files {
				s.Files[i].Content = strings.Replace(tektonLabels.ReplaceAllString(s.Files[i].Content, ""),
					`app.kubernetes.io/managed-by="tekton-pipelines"`, `app.kubernetes.io/managed-by="Kratix"`, 1)
			}
		}},
		{Why: "Tekton's own folders are in every step.", Forgive: func(s *sight.Sight) { s.Drop("/tekton") }},
		{Why: "Tekton's workspace is an empty folder in every step that mounts none of its own (KC412).", Forgive: func(s *sight.Sight) {
			if !slices.ContainsFunc(s.Files, func(f sight.File) bool { return strings.HasPrefix(f.Path, "/workspace/") }) {
				s.Drop("/workspace")
			}
		}},
		{Why: "Tekton's entrypoint is process 1 and starts the step.", Forgive: func(s *sight.Sight) { s.PID = 1 }},
		{Why: "The variable that stands for a dollar (docs/engines.md, Text that looks like a template).", Forgive: func(s *sight.Sight) {
			s.DropEnv(dollar)
		}},
		{Why: "Tekton says what it found in the registry, where a container has no command (KC407).", Forgive: func(s *sight.Sight) {
			s.DropEnv(lookedUp)
		}},
	},
	"argo": {
		{Why: "Argo's Pods have labels of Argo.", Forgive: func(s *sight.Sight) {
			for i := range s.Files {
				s.Files[i].Content = argoLabels.ReplaceAllString(s.Files[i].Content, "")
			}
		}},
		{Why: "An empty folder lies where the token would be (docs/engines.md, Tokens and rights).", Forgive: func(s *sight.Sight) {
			if !s.Token {
				s.Drop("/var/run/secrets/kubernetes.io/serviceaccount")
			}
		}},
		{Why: "Argo's own folder is in every container.", Forgive: func(s *sight.Sight) { s.Drop("/var/run/argo") }},
		{Why: "A template of more than 128 KiB is a ConfigMap in every container (KC414).", Forgive: func(s *sight.Sight) { s.Drop("/argo/config") }},
		{Why: "Argo tells every container about itself.", Forgive: func(s *sight.Sight) { s.DropEnv(argoEnv) }},
		{Why: "The variable that stands for a brace (docs/engines.md, Text that looks like a template).", Forgive: func(s *sight.Sight) {
			s.DropEnv(brace)
		}},
	},
}

var (
	tektonLabels = regexp.MustCompile(`(?m)\n?^tekton\.dev/[^=]+="[^"]*"$`)
	argoLabels   = regexp.MustCompile(`(?m)\n?^workflows\.argoproj\.io/[^=]+="[^"]*"$`)
	argoEnv      = regexp.MustCompile(`^ARGO_`)
	lookedUp     = regexp.MustCompile(`^TEKTON_PLATFORM_COMMANDS=`)
	dollar       = regexp.MustCompile(`^KRATIX_DOLLAR(_\d+)?=\$$`)
	brace        = regexp.MustCompile(`^KRATIX_LBRACE(_\d+)?=\{$`)
)

// differences are between what was seen in plain Pods and on an engine.
func differences(e engine, plain, seen sights) []string {
	var found []string
	if diff := cmp.Diff(slices.Sorted(maps.Keys(plain)), slices.Sorted(maps.Keys(seen))); diff != "" {
		found = append(found, fmt.Sprintf("Pipelines that ran (- plain Pods, + %s):\n%s", e.name, diff))
	}
	for job, containers := range seen {
		if len(containers) != len(plain[job]) {
			found = append(found, fmt.Sprintf("%s: %d containers wrote down what they saw, and %d in the plain Pod", job, len(containers), len(plain[job])))
			continue
		}
		for i, container := range containers {
			if diff := cmp.Diff(plain[job][i].Forgiven(sight.EveryPod...), container.Forgiven(slices.Concat(sight.EveryPod, reasons[e.name])...)); diff != "" {
				found = append(found, fmt.Sprintf("%s: container %d (- plain Pod, + %s):\n%s", job, i, e.name, diff))
			}
		}
	}
	return found
}
