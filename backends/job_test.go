// SPDX-License-Identifier: Apache-2.0

package backends_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// staying are the fields upon which Kubernetes acts in a Job whoever runs it.
var staying = []string{"spec.managedBy", "spec.manualSelector", "spec.selector", "spec.ttlSecondsAfterFinished"}

// TestNoFieldOfAJobIsLost sets every field that the spec of a Job can have: the manifests differ,
// or a finding names the field, or Kubernetes acts upon it in the Job.
func TestNoFieldOfAJobIsLost(t *testing.T) {
	for _, l := range leaves(reflect.TypeFor[batchv1.JobSpec](), "spec") {
		if slices.ContainsFunc(staying, func(field string) bool { return within(l.path, field) }) {
			continue
		}
		t.Run(l.path, func(t *testing.T) {
			t.Parallel()
			for _, engine := range backends.Names() { // one of the two values may be what nothing means
				assert.True(t, minded(t, l, 0, engine) || minded(t, l, 1, engine), "%s: it changes no manifest and is answered by no finding", engine)
			}
		})
	}
}

// minded tells whether a value of a field makes a difference.
func minded(t *testing.T, l leaf, value int, engine string) bool {
	t.Helper()
	with := compileJob(t, jobWith(l, value), engine)
	if slices.ContainsFunc(with.diags, func(d diag.Diagnostic) bool {
		return d.Severity > diag.Note && aboutLeaf(l, d) || d.Code == diag.JobSuspended
	}) {
		return true
	}
	require.False(t, with.diags.HasErrors(), "%v", with.diags)
	return with.differs([]outcome{compileJob(t, jobFor(l), engine), compileJob(t, jobWithout(l), engine), compileJob(t, jobWith(l, 1-value), engine)})
}

// aboutLeaf tells whether a finding is about a field or about what it is in.
func aboutLeaf(l leaf, d diag.Diagnostic) bool {
	field := strings.ReplaceAll(l.path, "[]", "[0]")
	return d.Path != "" && (within(field, d.Path) || within(d.Path, field))
}

// inPod turns a path of a Job into that of a Pipeline, whose fields have the same needs.
func inPod(path string) string {
	path = strings.Replace(path, "spec.template.spec.initContainers[]", "spec.template.spec.containers[]", 1)
	return strings.Replace(path, "spec.template.spec.", "spec.", 1)
}

// jobFor has everything that the field needs, but not the field.
func jobFor(l leaf) map[string]any {
	container := func(name string) map[string]any {
		return map[string]any{"name": name, "image": "registry.example/image", "command": []any{"run"}}
	}
	job := map[string]any{
		"apiVersion": "batch/v1", "kind": "Job",
		"metadata": map[string]any{"name": "job", "labels": map[string]any{"kratix.io/workflow-action": "configure"}},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
			"restartPolicy": "Never", "initContainers": []any{container("init")}, "containers": []any{container("container")},
			"volumes": []any{map[string]any{"name": "volume"}, map[string]any{"name": "other"}},
		}}},
	}
	path := inPod(l.path)
	for _, key := range slices.Sorted(maps.Keys(companions)) { // the general ones come first
		if strings.HasPrefix(key, "spec.rbac") || !within(path, key) {
			continue
		}
		there := l.path[:len(l.path)-len(path)+len(key)]
		for field, v := range companions[key] {
			set(job, join(there, field), v)
		}
	}
	return job
}

// jobWith has one of the two values that a field can have.
func jobWith(l leaf, i int) map[string]any {
	job := jobFor(l)
	set(job, l.path, leaf{inPod(l.path), l.typ}.value(i))
	return job
}

// jobWithout has what the field is in, without the field.
func jobWithout(l leaf) map[string]any {
	job := jobFor(l)
	set(job, l.path, nil)
	return job
}

// compileJob compiles a Job for an engine.
func compileJob(t *testing.T, job map[string]any, engine string) outcome {
	t.Helper()
	data, err := json.Marshal(job)
	require.NoError(t, err)
	outputs, diags := translate.Compile(
		translate.Input{Files: []parse.File{{Name: "job.json", Data: data}}},
		translate.Options{Plan: plan.Defaults(), Backends: backends.New([]string{engine}, backends.Defaults())})
	o := outcome{column: engine, diags: diags}
	for _, made := range outputs {
		text, err := manifest.Print(made.Objects, manifest.YAML)
		require.NoError(t, err)
		o.output += string(text)
	}
	return o
}
