// SPDX-License-Identifier: Apache-2.0

//go:build unix

package local

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	compiled "github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// written stands in for containers: Pipelines leave these files, by their names.
type written map[string]map[string]string

func (w written) Run(_ context.Context, script compiled.Script, _ bool) (*Results, error) {
	root, err := os.MkdirTemp("", "written-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(root) }()
	dirs := bundle.Directories{Output: filepath.Join(root, bundle.Output), Metadata: filepath.Join(root, bundle.Metadata)}
	_, _ = os.MkdirAll(dirs.Output, 0o755), os.MkdirAll(dirs.Metadata, 0o755)
	for name, text := range w[script.Pipeline] {
		file := filepath.Join(root, name)
		_ = os.MkdirAll(filepath.Dir(file), 0o755)
		_ = os.WriteFile(file, []byte(text), 0o644)
	}
	tree, err := bundle.Scan(dirs, bundle.DefaultLimits())
	if err != nil {
		return nil, &Refused{err}
	}
	var out bytes.Buffer
	_, err = tree.WriteTo(&out)
	return &Results{Bundle: out.Bytes(), Ignored: tree.Ignored}, err
}

// website is the example's workflow of that kind.
func website(t *testing.T, kind workflow.Kind) (*translate.Promise, plan.Workflow) {
	t.Helper()
	var files []parse.File
	for _, name := range []string{"promise.yaml", "request.yaml"} {
		data, err := os.ReadFile("../../examples/website/" + name)
		require.NoError(t, err)
		files = append(files, parse.File{Name: name, Data: data})
	}
	loaded := translate.Load(translate.Input{Files: files})
	promises, _ := loaded.PromisesOnly()
	require.Len(t, promises, 1)
	workflows, found := promises[0].Workflows([]workflow.Kind{kind}, plan.Defaults())
	require.False(t, found.HasErrors())
	require.Len(t, workflows, 1)
	return promises[0], workflows[0]
}

// runner notes the object.yaml of each Pipeline.
func runner(pipelines written, objects *[]string) (*Runner, *bytes.Buffer) {
	var log bytes.Buffer
	return &Runner{Pipelines: pipelines, Plan: plan.Defaults(), Log: &Log{To: &log}, Compile: func(run plan.Run) (compiled.Script, diag.List) {
		data, _ := run.Input.Object["data"].(map[string]any)
		text, _ := data["object.yaml"].(string)
		*objects = append(*objects, text)
		return compiled.Script{Pipeline: run.Pipeline}, nil
	}}, &log
}

var configure = workflow.Kind{Type: workflow.Resource, Action: workflow.Configure}

func TestStatusGoesOnToTheNextPipeline(t *testing.T) {
	promise, w := website(t, configure)
	var objects []string
	r, log := runner(written{
		"render":   {"output/website.yaml": "kind: ConfigMap\n", "output/edge/cdn.yaml": "kind: CDN\n", "metadata/status.yaml": "address: here\n", "metadata/destination-selectors.yaml": "- directory: edge\n  matchLabels: {edge: 'true'}\n"},
		"announce": {"output/announcement.txt": "new\n", "metadata/status.yaml": "announced: 1\n"},
	}, &objects)
	out, err := r.Workflow(t.Context(), promise, w)
	require.NoError(t, err)
	require.Len(t, objects, 2)
	assert.NotContains(t, objects[0], "status:")
	assert.Contains(t, objects[1], "status:\n  address: here\n")
	assert.Equal(t, map[string]any{"address": "here", "announced": int64(1)}, out.Status)
	assert.Equal(t, map[string]any{"address": "here"}, out.Pipelines[0].Status)
	assert.Equal(t, "resource-configure of website for default/tea, Pipeline render\nresource-configure of website for default/tea, Pipeline announce\n", log.String())

	stores, err := ReadStores([]parse.File{{Name: "stores.yaml", Data: []byte(destinationsYAML)}})
	require.NoError(t, err)
	report := Report{Workflows: []WorkflowReport{out.Report(&stores)}}
	var tree strings.Builder
	require.NoError(t, report.Print(&tree))
	assert.Equal(t, `resource-configure of website for default/tea
  Pipeline render
    edge/ for Destinations with edge=true
      edge/cdn.yaml
    for Destinations with environment=dev
      website.yaml
        in GitStateStore git, Destination dev: clusters/dev/resources/default/website/tea/render/5058f/website.yaml
    without a place: wanted is a Destination labelled edge=true
  Pipeline announce
    for Destinations with environment=dev
      announcement.txt
        in GitStateStore git, Destination dev: clusters/dev/resources/default/website/tea/announce/5058f/announcement.txt
  status
    address: here
    announced: 1
`, tree.String())
}

// TestPromiseIsStrongest: the tree says what a Destination needs, and not what everybody asked for.
func TestPromiseIsStrongest(t *testing.T) {
	promise, w := website(t, configure)
	var objects []string
	r, _ := runner(written{"render": {"output/website.yaml": "x", "metadata/destination-selectors.yaml": "- matchLabels: {environment: prod, zone: a}\n"}}, &objects)
	out, err := r.Workflow(t.Context(), promise, w)
	require.NoError(t, err)
	var tree strings.Builder
	require.NoError(t, Report{Workflows: []WorkflowReport{out.Report(nil)}}.Print(&tree))
	assert.Contains(t, tree.String(), "    for Destinations with environment=dev,zone=a\n      website.yaml\n")
}

const destinationsYAML = `apiVersion: platform.kratix.io/v1alpha1
kind: Destination
metadata: {name: dev, labels: {environment: dev}}
spec: {path: dev, stateStoreRef: {kind: GitStateStore, name: git}}
---
apiVersion: platform.kratix.io/v1alpha1
kind: GitStateStore
metadata: {name: git}
spec: {url: https://git.example.org/x, path: /clusters/}
---
apiVersion: v1
kind: Secret
metadata: {name: other}
`

func TestAggregatedDestination(t *testing.T) {
	stores, err := ReadStores([]parse.File{{Name: "d.yaml", Data: []byte(strings.Replace(destinationsYAML, "{path: dev,", "{path: dev, filepath: {mode: aggregatedYAML, filename: all.yaml},", 1))}})
	require.NoError(t, err)
	w := &v1alpha1.Work{Spec: v1alpha1.WorkSpec{WorkloadGroups: []v1alpha1.WorkloadGroup{{ID: "5058f1af", Workloads: []v1alpha1.Workload{{Filepath: "a"}, {Filepath: "b"}}}}}}
	places, wanted := stores.Of(w)
	assert.Empty(t, wanted)
	store := v1alpha1.StateStoreReference{Kind: "GitStateStore", Name: "git"}
	assert.Equal(t, []Place{{"a", "dev", store, "clusters/dev/all.yaml"}, {"b", "dev", store, "clusters/dev/all.yaml"}}, places)
}

// TestDestinationTwice: as with kubectl apply, the later one counts.
func TestDestinationTwice(t *testing.T) {
	later := strings.Replace(destinationsYAML, "{path: dev,", "{path: later,", 1)
	stores, err := ReadStores([]parse.File{{Name: "a.yaml", Data: []byte(destinationsYAML)}, {Name: "b.yaml", Data: []byte(later)}})
	require.NoError(t, err)
	w := &v1alpha1.Work{Spec: v1alpha1.WorkSpec{WorkloadGroups: []v1alpha1.WorkloadGroup{{ID: "5058f1af", Workloads: []v1alpha1.Workload{{Filepath: "a"}}}}}}
	places, _ := stores.Of(w)
	require.Len(t, places, 1)
	assert.Regexp(t, "^clusters/later/", places[0].Path)
}

func TestBadDestinations(t *testing.T) {
	_, err := ReadStores([]parse.File{{Name: "d.yaml", Data: []byte("apiVersion: platform.kratix.io/v1alpha1\nkind: Destination\nmetadata: {name: dev}\nspec: {}\n---\na: b: c\n")}})
	require.ErrorContains(t, err, "d.yaml:6:5: ")
	_, err = ReadStores([]parse.File{{Name: "d.yaml", Data: []byte("apiVersion: platform.kratix.io/v1alpha1\nkind: Destination\nmetadata: {name: dev}\nspec: {}\n")}})
	require.EqualError(t, err, "d.yaml:1:1: Destination dev: spec.path is empty; use . for the path of the State Store itself")
	alone, _, _ := strings.Cut(destinationsYAML, "---")
	_, err = ReadStores([]parse.File{{Name: "d.yaml", Data: []byte(alone)}})
	require.EqualError(t, err, "d.yaml:1:1: Destination dev: the GitStateStore git is not there, and every path begins with its spec.path; give it with --destinations, too")
}

func TestWorkflowStops(t *testing.T) {
	for control, want := range map[string]string{
		"suspend: true\nmessage: ask Ann\n":   "stopped: a Pipeline has suspended the workflow: ask Ann",
		"retryAfter: 10m\nmessage: no disk\n": "stopped: a Pipeline wants to run again after 10m0s: no disk",
	} {
		promise, w := website(t, configure)
		var objects []string
		r, _ := runner(written{"render": {"output/website.yaml": "x", "metadata/workflow-control.yaml": control, "metadata/status.yaml": "a: 1\n"}}, &objects)
		out, err := r.Workflow(t.Context(), promise, w)
		require.NoError(t, err)
		assert.Len(t, objects, 1)
		assert.Equal(t, want, StopOf(out.Control).String())
		assert.Equal(t, map[string]any{"a": int64(1)}, out.Status)
		require.Len(t, out.Pipelines, 1)
		assert.Nil(t, out.Pipelines[0].Work, "its output is not used")
	}
}

func TestFaultsInMetadata(t *testing.T) {
	promise, w := website(t, configure)
	var objects []string
	r, _ := runner(written{"render": {"metadata/status.yaml": "a: 1\nkratix: {}\n", "metadata/destination-selectors.yaml": "- directory: none\n  matchLabels: {a: b}\n"}}, &objects)
	_, err := r.Workflow(t.Context(), promise, w)
	var refused *Refused
	require.ErrorAs(t, err, &refused)
	assert.EqualError(t, err, `Pipeline render: the results cannot be taken:
destination-selectors.yaml:1:14: there is no directory /kratix/output/none; make it, even if empty, or remove the entry [directory-exists]
status.yaml:2:1: the key "kratix" belongs to the controller; write to another one [reserved-key]`)
}

// TestFindingsOfALaterPipeline: of all findings, the error says why.
func TestFindingsOfALaterPipeline(t *testing.T) {
	promise, w := website(t, configure)
	var objects []string
	r, _ := runner(written{}, &objects)
	r.Compile = func(run plan.Run) (compiled.Script, diag.List) {
		var found diag.List
		found.Add(diag.ClusterOnly, run.At.Field("spec", "nodeSelector"), "a note")
		if run.Pipeline == "announce" {
			found.Add(diag.NotLocal, run.At.Field("spec", "volumes"), "csi needs a cluster")
			found.Add(diag.ObjectMissing, run.At.Field("spec", "containers"), "it is not there")
		}
		return compiled.Script{Pipeline: run.Pipeline}, found
	}
	_, err := r.Workflow(t.Context(), promise, w)
	at := w.Runs[1].At.Path.String()
	require.EqualError(t, err, "Pipeline announce cannot be compiled with the status of the one before: "+
		at+".spec.volumes: csi needs a cluster [KC422]; "+at+".spec.containers: it is not there [KC425]")
}

func TestDeleteReadsTheStatusOfConfigure(t *testing.T) {
	promise, w := website(t, configure)
	var objects []string
	r, _ := runner(written{"render": {"metadata/status.yaml": "address: here\n"}}, &objects)
	_, err := r.Workflow(t.Context(), promise, w)
	require.NoError(t, err)
	promise, w = website(t, workflow.Kind{Type: workflow.Resource, Action: workflow.Delete})
	_, err = r.Workflow(t.Context(), promise, w)
	require.NoError(t, err)
	assert.Contains(t, objects[len(objects)-1], "address: here")
}

func TestDeleteWorkflowHasNoWork(t *testing.T) {
	promise, w := website(t, workflow.Kind{Type: workflow.Resource, Action: workflow.Delete})
	var objects []string
	r, _ := runner(written{"farewell": {"output/website.yaml": "x", "metadata/destination-selectors.yaml": "{"}}, &objects)
	out, err := r.Workflow(t.Context(), promise, w)
	require.NoError(t, err)
	require.Len(t, out.Pipelines, 1)
	assert.Nil(t, out.Pipelines[0].Work)
}

// TestTerminal: what a Pipeline writes commands no terminal.
func TestTerminal(t *testing.T) {
	promise, w := website(t, configure)
	var objects []string
	r, log := runner(written{"render": {
		"metadata/\x1b[2J": "x", "metadata/workflow-control.yaml": "suspend: true\nmessage: \"\\e[2Jask\"\n",
	}}, &objects)
	out, err := r.Workflow(t.Context(), promise, w)
	require.NoError(t, err)
	out.Pipelines[0].Work = &v1alpha1.Work{Spec: v1alpha1.WorkSpec{WorkloadGroups: []v1alpha1.WorkloadGroup{{
		Directory: "\x1b", Workloads: []v1alpha1.Workload{{Filepath: "\x1b[2J.yaml"}},
	}}}}
	var tree bytes.Buffer
	require.NoError(t, Report{Workflows: []WorkflowReport{out.Report(nil)}}.Print(&tree))
	assert.NotContains(t, tree.String(), "\x1b")
	assert.NotContains(t, log.String(), "\x1b")
	assert.Contains(t, tree.String(), "suspended the workflow: \ufffd[2Jask")
}
