// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

func load(t *testing.T, file string) *unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	u := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal(data, &u.Object))
	return u
}

func website(t *testing.T, kind workflow.Kind) engine.Subject {
	t.Helper()
	return engine.Subject{
		Promise: load(t, "../../../examples/website/promise.yaml"), Object: load(t, "../../../examples/website/request.yaml"), Kind: kind,
	}
}

var resourceConfigure = workflow.Kind{Type: workflow.Resource, Action: workflow.Configure}

// TestPlanNamesWhatIsCompiled demands that the name in the status is that of the run.
func TestPlanNamesWhatIsCompiled(t *testing.T) {
	s := website(t, resourceConfigure)
	opts := plan.Defaults()
	var planner engine.Planner
	planned, err := planner.Plan(s, opts)
	require.NoError(t, err)
	require.Len(t, planned.Runs, 2)
	for _, entry := range backends.Engines() {
		e := engine.New(entry, backends.Defaults(), nil, nil, nil, nil)
		seen := map[string]bool{}
		for round := range 3 {
			opts := opts
			opts.Pipeline, opts.Attempt = "announce", round
			again, err := planner.Plan(s, opts)
			require.NoError(t, err)
			run := again.Runs[0]
			objects, err := e.Compile(again)
			require.NoError(t, err)
			assert.Equal(t, planner.RunName(s, opts), run.Name)
			assert.Equal(t, planned.Runs[1].Hash(), run.Hash(), "a round is no change")
			assert.Equal(t, e.Kind, objects[len(objects)-1].GetKind())
			assert.Equal(t, run.Name, objects[len(objects)-1].GetName())
			assert.False(t, seen[run.Name], "every round has a name of its own")
			seen[run.Name] = true
		}
	}
}

func TestPlanOfNothing(t *testing.T) {
	var planner engine.Planner
	s, opts := website(t, workflow.Kind{Type: workflow.Promise, Action: workflow.Delete}), plan.Defaults()
	planned, err := planner.Plan(s, opts)
	require.NoError(t, err)
	assert.Empty(t, planned.Runs)
	opts.Pipeline = "announce"
	assert.Empty(t, planner.RunName(s, opts))
	_, err = planner.Plan(s, opts)
	assert.EqualError(t, err, `the Promise has no Pipeline "announce" in promise-delete`)
}

// TestNothingToRunIsNeverTooLarge: an object that no container is given may have any size.
func TestNothingToRunIsNeverTooLarge(t *testing.T) {
	var planner engine.Planner
	s := website(t, workflow.Kind{Type: workflow.Promise, Action: workflow.Delete})
	large := []any{map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "large"}, "data": map[string]any{"x": strings.Repeat("x", 1<<20)}}}
	require.NoError(t, unstructured.SetNestedSlice(s.Promise.Object, large, "spec", "dependencies"))
	planned, err := planner.Plan(s, plan.Defaults())
	require.NoError(t, err)
	assert.Empty(t, planned.Runs)
	s.Kind.Action = workflow.Configure
	_, err = planner.Plan(s, plan.Defaults())
	assert.ErrorContains(t, err, "KC307")
}

// TestRequestWithTooManyValues: a request that is small enough for the API server would take half a
// gigabyte while it is planned.
func TestRequestWithTooManyValues(t *testing.T) {
	var planner engine.Planner
	s, opts := website(t, resourceConfigure), plan.Defaults()
	opts.Pipeline = "announce"
	fill := func(n int) { s.Object.Object["spec"].(map[string]any)["many"] = make([]any, n) }
	fill(49_000)
	require.NoError(t, engine.TooMany(s.Object))
	assert.NotEmpty(t, planner.RunName(s, opts))
	fill(50_000)
	_, err := planner.Plan(s, opts)
	assert.EqualError(t, err, "the Website has more than 50000 values in its lists and mappings; move large data out of the object [KC307]")
	assert.Empty(t, planner.RunName(s, opts))
}

// TestPromisesStayLoaded demands the same plan from a Promise that stays loaded, and a new one
// when the Promise has changed.
func TestPromisesStayLoaded(t *testing.T) {
	s := website(t, resourceConfigure)
	s.Promise.SetUID("1")
	var planner engine.Planner
	first := planner.Promise(s.Promise)
	before, err := planner.Plan(s, plan.Defaults())
	require.NoError(t, err)
	assert.Same(t, first, planner.Promise(s.Promise))

	s.Promise.SetAnnotations(map[string]string{"kratix.io/reconciliation-interval": "1h"})
	annotated := planner.Promise(s.Promise)
	assert.NotSame(t, first, annotated, "annotations are judged")

	s.Promise = s.Promise.DeepCopy()
	require.NoError(t, unstructured.SetNestedField(s.Promise.Object, "elsewhere", "spec", "workflows", "config", "pipelineNamespace"))
	after, err := planner.Plan(s, plan.Defaults())
	require.NoError(t, err)
	assert.NotEqual(t, before.Runs[0].Hash(), after.Runs[0].Hash())
	assert.Equal(t, "elsewhere", after.Runs[0].Namespace)
}

// TestLoadedPromisesAreBounded fills a Planner with more than it keeps.
func TestLoadedPromisesAreBounded(t *testing.T) {
	var planner engine.Planner
	large := func(uid types.UID) *unstructured.Unstructured {
		promise := load(t, "../../../examples/website/promise.yaml")
		promise.SetUID(uid)
		promise.SetAnnotations(map[string]string{"large": strings.Repeat("x", 400<<10)})
		return promise
	}
	a := large("a")
	first := planner.Promise(a)
	planner.Promise(large("b"))
	assert.Same(t, first, planner.Promise(a))
	planner.Promise(large("c"))
	assert.NotSame(t, first, planner.Promise(a))
}

func TestInvalid(t *testing.T) {
	s := website(t, resourceConfigure)
	containers, _, err := unstructured.NestedSlice(s.Promise.Object, "spec", "workflows", "resource", "configure")
	require.NoError(t, err)
	for _, c := range containers {
		c.(map[string]any)["spec"].(map[string]any)["contaners"] = []any{}
		c.(map[string]any)["spec"].(map[string]any)["volums"] = []any{}
	}
	require.NoError(t, unstructured.SetNestedSlice(s.Promise.Object, containers, "spec", "workflows", "resource", "configure"))
	var planner engine.Planner
	_, err = planner.Plan(s, plan.Defaults())
	var invalid *engine.Invalid
	require.ErrorAs(t, err, &invalid)
	assert.Contains(t, err.Error(), `spec.workflows.resource.configure[0].spec.contaners: unknown field`)
	assert.Contains(t, err.Error(), "; and 1 more")
	e := engine.New(backends.Engines()[0], backends.Defaults(), nil, nil, nil, nil)
	_, _, err = e.Check(translate.Stored(s.Promise.Object), plan.Defaults())
	assert.ErrorAs(t, err, &invalid)
}
