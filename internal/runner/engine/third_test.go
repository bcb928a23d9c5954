// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/entry"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/status"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// third is an engine that there is not: a Script runs one container after the other.
var third = backends.Engine{
	Name: "script", APIVersion: "script.example/v1", Kind: "Script", Versions: "Script 7",
	Compiler: scripts{},
	Observer: scripts{},
	PodLabel: "script.example/of",
	Untaken:  "no Script controller has taken it",
	Cancel:   []byte(`{"spec":{"stop":true}}`),
	Tool:     "scriptctl", Show: "show %s --in %s",
}

// scripts are what such an engine adds to ours.
type scripts struct{ shell string }

func (scripts) Name() string { return "script" }

func (scripts) Options() []entry.Option {
	return []entry.Option{{Name: "script-shell", Choices: []string{"sh", "zsh"}}}
}

func (scripts) With(o backends.Options) translate.Backend {
	return scripts{shell: o.Get("script-shell")}
}

func (s scripts) Compile(w plan.Workflow) ([]manifest.Object, diag.List) {
	var out []manifest.Object
	for _, run := range w.Runs {
		script := manifest.Object{}
		script.SetAPIVersion("script.example/v1")
		script.SetKind("Script")
		script.SetNamespace(run.Namespace)
		script.SetName(run.Name)
		script.SetLabels(run.Labels)
		script.Object["spec"] = map[string]any{"shell": s.shell, "first": run.Steps[0].Name}
		out = append(append(out, run.Prerequisites()...), script)
	}
	return out, nil
}

func (scripts) Observe(run *unstructured.Unstructured, pods []corev1.Pod) state.State {
	first, _, _ := unstructured.NestedString(run.Object, "spec", "first")
	stopped, _, _ := unstructured.NestedBool(run.Object, "spec", "stop")
	s := state.State{Phase: state.Running, Unseen: len(pods) == 0, ToldToEnd: stopped, Attempt: 1, Steps: []state.Step{{Name: first, Container: first}}}
	var pod *corev1.Pod
	if len(pods) > 0 {
		pod, s.Pod = &pods[0], pods[0].Name
	}
	if c := state.Container(pod, first); c != nil {
		s.Steps[0].Read(*c)
		s.Phase = state.Failed
	}
	s.Judge(state.Evidence{Pod: pod})
	return s
}

func (scripts) Pods(*unstructured.Unstructured) []string { return nil }

func (scripts) AddLog(s *state.State, lines []string) { s.Failure.Log = lines }

func (scripts) Slim(*unstructured.Unstructured) {}

// TestThirdEngine takes an engine of which there is nothing but an entry through all that
// happens to a run: it is compiled, submitted, observed, shown and cancelled.
func TestThirdEngine(t *testing.T) {
	api := cluster(t)
	logs := func(_ context.Context, namespace, pod, container string, _ int64) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(strings.Join([]string{namespace, pod, container}, "/"))), nil
	}
	e := engine.New(third, backends.Options{Values: map[string]*string{"script-shell": new("zsh")}}, api, indexed{}, api, logs)
	planned, objects := compiled(t, e)
	script := &objects[len(objects)-1]
	assert.Equal(t, map[string]any{"shell": "zsh", "first": planned.Steps[0].Name}, script.Object["spec"])

	script.SetUID("script-uid") // as an API server does
	require.NoError(t, e.Submit(t.Context(), objects))
	found, err := e.Runs(t.Context(), script.GetLabels())
	require.NoError(t, err)
	require.Len(t, found, 1)
	run := &found[0]
	seen, err := e.Observe(t.Context(), run)
	require.NoError(t, err)
	assert.Equal(t, state.Pending, seen.Phase)

	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: run.GetNamespace(), Name: "pod", Labels: map[string]string{"script.example/of": run.GetName()},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: third.APIVersion, Kind: third.Kind, Name: run.GetName(), UID: run.GetUID(), Controller: new(true)}},
		},
		Status: corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{{
			Name: planned.Steps[0].Name, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 3}},
		}}},
	}
	require.NoError(t, api.Create(t.Context(), pod))
	seen, err = e.Observe(t.Context(), run)
	require.NoError(t, err)
	require.NotNil(t, seen.Failure)
	assert.EqualValues(t, 3, seen.Failure.ExitCode)
	e.AddLog(t.Context(), run, &seen.State)
	assert.Equal(t, []string{run.GetNamespace() + "/pod/" + planned.Steps[0].Name}, seen.Failure.Log)
	assert.False(t, seen.Idle)

	trail := status.Read(shown(t, run, *pod))
	assert.Equal(t, third.Name, trail.Pipelines[0].Run.Engine)
	assert.Equal(t, seen.Message(), trail.Pipelines[0].Run.Message)
	assert.Contains(t, trail.Next, status.Command{Purpose: "the Script", Command: "scriptctl show " + run.GetName() + " --in " + run.GetNamespace()})

	require.NoError(t, e.Cancel(t.Context(), run.GetNamespace(), run.GetName(), run.GetUID()))
	require.NoError(t, api.Get(t.Context(), client.ObjectKeyFromObject(run), run))
	seen, err = e.Observe(t.Context(), run)
	require.NoError(t, err)
	assert.True(t, seen.Idle, "it was told to end, and its Pod has ended")
}

// shown is what a person may read of a request whose first Pipeline has this run.
func shown(t *testing.T, run *unstructured.Unstructured, pods ...corev1.Pod) status.Facts {
	t.Helper()
	s := website(t, resourceConfigure)
	document := progress.Status{Action: workflow.Configure, Pipelines: []progress.Pipeline{
		{Name: run.GetLabels()[v1alpha1.LabelPipeline], Phase: progress.PhaseRunning, Run: run.GetName(), RunNamespace: run.GetNamespace()},
	}}
	fields := map[string]any{}
	document.Write(fields)
	s.Object.Object["status"] = fields
	return status.Facts{
		Object: s.Object, Promise: s.Promise, PromiseName: s.Promise.GetName(), Resource: "websites.example.org",
		Runs: []status.RunFacts{{Engine: third, Object: run, Pods: pods}},
	}
}
