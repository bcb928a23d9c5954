// SPDX-License-Identifier: Apache-2.0

package backends_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// outcome is what became of a Pipeline in one column.
type outcome struct {
	column string
	// output are the manifests for an engine, and the Script for a container engine.
	output string
	diags  diag.List
}

// where the Pipeline is in the Promise.
const where = "spec.workflows.promise.configure[0]"

func compilePipeline(t *testing.T, pipeline map[string]any, column string) outcome {
	t.Helper()
	data, err := json.Marshal(map[string]any{
		"apiVersion": "platform.kratix.io/v1alpha1",
		"kind":       "Promise",
		"metadata":   map[string]any{"name": "promise"},
		"spec":       map[string]any{"workflows": map[string]any{"promise": map[string]any{"configure": []any{pipeline}}}},
	})
	require.NoError(t, err)
	o := outcome{column: column}
	in := translate.Input{Files: []parse.File{{Name: "promise.json", Data: data}}}
	if column == local.Name {
		o.output, o.diags = scripts(t, in)
		return o
	}
	outputs, diags := translate.Compile(in, translate.Options{Plan: plan.Defaults(), Backends: backends.New([]string{column}, backends.Defaults())})
	o.diags = diags
	for _, out := range outputs {
		o.output += stable(t, out)
	}
	return o
}

// scripts are the Scripts of all Runs, without the input.
func scripts(t *testing.T, in translate.Input) (string, diag.List) {
	t.Helper()
	objects, diags := local.ReadObjects([]parse.File{{Name: "objects.yaml", Data: probed()}})
	require.Empty(t, diags)
	loaded := translate.Load(in)
	diags = loaded.Findings
	var text string
	for _, s := range loaded.Sources {
		workflows, found := s.Workflows(nil, plan.Defaults())
		diags.Append(found)
		for _, w := range workflows {
			for _, run := range w.Runs {
				script, found := local.Compile(run, local.Options{Objects: objects})
				diags.Append(found)
				script.Volumes = slices.DeleteFunc(script.Volumes, func(v local.Volume) bool { return v.Name == "input" })
				text += strings.NewReplacer(run.Name, "RUN", run.Labels["kratix.io/hash"], "HASH").Replace(words(script))
			}
		}
	}
	return text, diags
}

// words print a Script with the text of its files.
func words(s local.Script) string {
	var b strings.Builder
	for _, v := range s.Volumes {
		for _, f := range v.Files {
			fmt.Fprintf(&b, "%s/%s %s %s\n", v.Name, f.Path, f.Mode, f.Data)
		}
	}
	fmt.Fprintf(&b, "%+v", s)
	return b.String()
}

// probed are the objects that Pipelines may refer to; every value tells its object and its key.
func probed() []byte {
	var b strings.Builder
	for _, kind := range []string{"ConfigMap", "Secret"} {
		data := map[string]string{"ConfigMap": "data", "Secret": "stringData"}[kind]
		for _, name := range []string{"map", "secret", "probe", "other"} {
			fmt.Fprintf(&b, "---\n{apiVersion: v1, kind: %[1]s, metadata: {name: %[2]s}, %[3]s: {key: %[2]s/key, probe: %[2]s/probe, other: %[2]s/other}}\n", kind, name, data)
		}
	}
	return []byte(b.String())
}

// lookedUp are fields that a container engine never sees: it gets what they lead to.
var lookedUp = regexp.MustCompile(`\.(fieldRef\.fieldPath|resourceFieldRef\.(resource|containerName|divisor))$`)

// shows tells whether the output has the text of a field. Container engines write policies and types
// in small letters.
func (o outcome) shows(path, text string) bool {
	switch {
	case path == "spec.restartPolicy":
		return true
	case o.column == local.Name:
		return lookedUp.MatchString(path) || strings.Contains(strings.ToLower(o.output), strings.ToLower(text))
	default:
		return strings.Contains(o.output, text)
	}
}

// stable prints manifests without what any change in the Promise changes:
// its copy in the input, its hash, and names made of that.
func stable(t *testing.T, out translate.Output) string {
	t.Helper()
	run := out.Workflow.Runs[0]
	objects := slices.DeleteFunc(slices.Clone(out.Objects), func(o manifest.Object) bool {
		return o.GetKind() == run.Input.GetKind() && o.GetName() == run.Input.GetName()
	})
	data, err := manifest.Print(objects, manifest.YAML)
	require.NoError(t, err)
	return strings.NewReplacer(run.Name, "RUN", run.Labels["kratix.io/hash"], "HASH").Replace(string(data))
}

func (o outcome) differs(others []outcome) bool {
	return !slices.ContainsFunc(others, func(other outcome) bool { return other.output == o.output })
}

// newsAt are the findings about a field, or about what it is in, that were not
// there without it.
func (o outcome) newsAt(path string, without outcome) diag.List {
	field := where + "." + strings.ReplaceAll(path, "[]", "[0]")
	return slices.DeleteFunc(slices.Clone(o.diags), func(d diag.Diagnostic) bool {
		about := within(field, d.Path) || within(d.Path, field)
		known := slices.ContainsFunc(without.diags, func(k diag.Diagnostic) bool {
			return k.Code == d.Code && k.Path == d.Path && k.Message == d.Message
		})
		return !about || known
	})
}
