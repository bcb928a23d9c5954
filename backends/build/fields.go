// SPDX-License-Identifier: Apache-2.0

package build

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// Finder looks for texts that an engine would take for its own.
type Finder struct {
	// Takes tells whether the engine would take a text, or a text that this one is a part of.
	Takes func(text string) bool
	// Found gets each of them, with the path of its field in a Pipeline, as in
	// spec.volumes[].secret.secretName.
	Found func(field string, t Text)
}

// Fields looks at all that a user wrote for a Run but for what Protect escapes: these
// are the fields that the kubelet does not expand, and where nothing can be escaped.
func (f Finder) Fields(run plan.Run) {
	for _, s := range run.Steps {
		rest := s.Container
		rest.Command, rest.Args, rest.Env = nil, nil, nil
		f.Value("spec.containers[]", s.At, rest)
		for _, e := range s.Env {
			at, written := s.EnvAt[e.Name]
			if !written {
				at = s.At.Field("env")
			}
			e.Value = ""
			f.Value("spec.containers[].env[]", at, e)
		}
	}
	for _, v := range run.Volumes {
		f.Value("spec.volumes[]", v.At, v.Volume)
	}
	f.Value("metadata.labels", run.Places.Labels, run.Labels)
	f.Value("metadata.annotations", run.Places.Annotations, run.PodAnnotations)
	f.Value("spec.imagePullSecrets", run.Places.PullSecrets, run.PullSecrets)
	f.Value("spec.nodeSelector", run.Places.NodeSelector, run.NodeSelector)
	f.Value("spec.tolerations", run.Places.Tolerations, run.Tolerations)
	f.Value("spec.rbac.serviceAccount", run.Places.ServiceAccount, run.ServiceAccount)
}

// Value looks at all texts of a value, keys included.
func (f Finder) Value(field string, at diag.At, value any) {
	data, err := json.Marshal(value)
	if err != nil || !f.Takes(string(data)) {
		return // manifest.New reports the error
	}
	var tree any
	_ = json.Unmarshal(data, &tree)
	f.walk(field, at, tree)
}

func (f Finder) walk(field string, at diag.At, tree any) {
	switch tree := tree.(type) {
	case string:
		if f.Takes(tree) {
			f.Found(field, Text{tree, at})
		}
	case []any:
		for i, child := range tree {
			f.walk(field+"[]", at.Index(i), child)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(tree)) {
			below := field + "." + key
			f.walk(below, at.Field(key), key)
			f.walk(below, at.Field(key), tree[key])
		}
	}
}
