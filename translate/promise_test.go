// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/translate"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

const strictPromise = `
apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: things}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: things.example.org}
    spec:
      group: example.org
      scope: Namespaced
      names: {kind: Thing, plural: things, singular: thing}
      versions:
        - name: v1
          served: true
          storage: true
          schema:
            openAPIV3Schema:
              type: object
              properties: {spec: {type: object, required: [size], properties: {size: {type: string}}}}
  workflows:
    resource:
      delete:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: farewell}
          spec: {containers: [{name: a, image: a, command: [a]}]}
`

var old = map[string]any{
	"apiVersion": "example.org/v1", "kind": "Thing",
	"metadata": map[string]any{"name": "old", "namespace": "shop"}, "spec": map[string]any{"colour": "red"},
}

// stored is strictPromise as an API server has it.
func stored(t *testing.T) *translate.Promise {
	t.Helper()
	var object map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(strictPromise), &object))
	p := translate.Stored(object)
	require.False(t, p.Findings.HasErrors(), "%v", p.Findings)
	return p
}

// TestStoredRequests demands that a request from before the API became stricter still
// compiles, so that it can be deleted.
func TestStoredRequests(t *testing.T) {
	text, err := yaml.Marshal(old)
	require.NoError(t, err)
	loaded := translate.Load(translate.Input{
		Files:    []parse.File{{Name: "promise", Data: []byte(strictPromise)}},
		Requests: []parse.File{{Name: "request", Data: text}},
	})
	require.Len(t, loaded.Sources, 1)
	workflows, findings := loaded.Sources[0].Workflows(nil, plan.Defaults())
	assert.True(t, findings.HasErrors(), "a file is judged by the API")
	assert.Empty(t, workflows)

	p := stored(t)
	request, findings := p.Request(old)
	require.False(t, findings.HasErrors(), "%v", findings)
	w, findings := p.Plan(workflow.Kind{Type: workflow.Resource, Action: workflow.Delete}, request, plan.Defaults())
	require.False(t, findings.HasErrors(), "%v", findings)
	require.Len(t, w.Runs, 1)
	assert.Equal(t, "old", w.Object.Name)
}

func TestRequestOfAnotherKind(t *testing.T) {
	_, findings := stored(t).Request(map[string]any{"apiVersion": "example.org/v1", "kind": "Thong", "metadata": map[string]any{"name": "a"}})
	require.Len(t, findings, 1)
	assert.Equal(t, diag.RequestMismatch, findings[0].Code)
}

// TestSample demands a sample where no request was given.
func TestSample(t *testing.T) {
	workflows, findings := stored(t).Workflows([]workflow.Kind{{Type: workflow.Resource, Action: workflow.Delete}}, plan.Defaults())
	require.False(t, findings.HasErrors(), "%v", findings)
	assert.Len(t, workflows, 1)
}

// TestPlanChangesNoPromise plans with one Promise at the same time, as the runner does.
func TestPlanChangesNoPromise(t *testing.T) {
	p := stored(t)
	before := bytes.Clone(p.Doc.JSON())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			outputs, findings := p.Compile(translate.Options{Plan: plan.Defaults(), Backends: backends.New(backends.Names(), backends.Defaults())})
			assert.False(t, findings.HasErrors(), "%v", findings)
			assert.Len(t, outputs, len(backends.Names()))
		})
	}
	wg.Wait()
	assert.Equal(t, before, p.Doc.JSON())
}
