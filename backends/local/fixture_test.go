// SPDX-License-Identifier: Apache-2.0

package local

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// newRun is a Run of a Pipeline with the given containers. A path in a finding starts at the
// Pipeline.
func newRun(containers ...corev1.Container) plan.Run {
	root := diag.At{}
	run := plan.Run{
		At: root, Pipeline: "render", Name: "redis-render-1", Namespace: "team-a",
		Labels:         map[string]string{"kratix.io/promise-name": "redis", "app.kubernetes.io/managed-by": "Kratix"},
		ServiceAccount: "redis-resource-configure-render",
		AccountLabels:  map[string]string{},
		Input: manifest.Object{Object: map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"object.yaml": "kind: Redis\n"},
		}},
		Workspaces: []plan.Workspace{
			{Name: "input", Path: "/kratix/input", ConfigMap: "redis-render-1-input"},
			{Name: "output", Path: "/kratix/output"},
			{Name: "metadata", Path: "/kratix/metadata"},
		},
	}
	for i, c := range containers {
		step := plan.Step{At: root.Field("spec", "containers").Index(i), EnvAt: map[string]diag.At{}, Container: c}
		for j, e := range c.Env {
			step.EnvAt[e.Name] = step.At.Field("env").Index(j)
		}
		run.Steps = append(run.Steps, step)
	}
	return run
}

// withVolumes is the Run with these volumes.
func withVolumes(run plan.Run, volumes ...corev1.Volume) plan.Run {
	for i, v := range volumes {
		run.Volumes = append(run.Volumes, plan.Volume{At: diag.At{}.Field("spec", "volumes").Index(i), Volume: v})
	}
	return run
}

// newContainer is a container that needs no findings.
func newContainer(change ...func(*corev1.Container)) corev1.Container {
	c := corev1.Container{Name: "render", Image: "registry.example/render:v1"}
	for _, do := range change {
		do(&c)
	}
	return c
}

// given are the objects of these files.
func given(t *testing.T, texts ...string) Options {
	t.Helper()
	var files []parse.File
	for _, text := range texts {
		files = append(files, parse.File{Name: "objects.yaml", Data: []byte(text)})
	}
	objects, diags := ReadObjects(files)
	require.Empty(t, diags)
	return Options{Objects: objects}
}

// scripted is the Script of a Run that has no errors, and its findings.
func scripted(t *testing.T, run plan.Run, opts Options) (Script, []string) {
	t.Helper()
	script, diags := Compile(run, opts)
	require.False(t, diags.HasErrors(), "%v", diags)
	return script, findings(diags)
}

// refused are the findings of a Run that has no Script.
func refused(t *testing.T, run plan.Run, opts Options) []string {
	t.Helper()
	script, diags := Compile(run, opts)
	require.True(t, diags.HasErrors())
	require.Equal(t, Script{}, script)
	return findings(diags)
}

// findings are the codes with the paths they were reported at.
func findings(diags diag.List) []string {
	var out []string
	for _, d := range diags {
		out = append(out, string(d.Code)+" "+d.Path)
	}
	return out
}

// warnings are the findings without the notes.
func warnings(diags diag.List) []string {
	return findings(slices.DeleteFunc(diags, func(d diag.Diagnostic) bool { return d.Severity == diag.Note }))
}
