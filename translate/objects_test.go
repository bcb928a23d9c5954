// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/translate"
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

// TestStoredRequests demands that a request from before the API became stricter still
// compiles, so that it can be deleted, and that nothing is made up in place of one.
func TestStoredRequests(t *testing.T) {
	compile := func(request string, stored bool) ([]translate.Output, bool) {
		in := translate.Input{Files: []parse.File{{Name: "promise", Data: []byte(strictPromise)}}}
		if request != "" {
			in.Requests = []parse.File{{Name: "request", Data: []byte(request)}}
		}
		outputs, findings := translate.Compile(in,
			translate.Options{
				Kinds:    []workflow.Kind{{Type: workflow.Resource, Action: workflow.Delete}},
				Backends: backends.New([]string{"tekton"}, backends.Defaults()), Plan: plan.Defaults(), Stored: stored,
			})
		return outputs, findings.HasErrors()
	}
	old := "{apiVersion: example.org/v1, kind: Thing, metadata: {name: old, namespace: shop}, spec: {colour: red}}"

	_, refused := compile(old, false)
	assert.True(t, refused, "a file is judged by the API")
	outputs, refused := compile(old, true)
	assert.False(t, refused)
	require.Len(t, outputs, 1)
	assert.Equal(t, "old", outputs[0].Object.Name)

	outputs, _ = compile("", false)
	assert.Len(t, outputs, 1, "a sample")
	outputs, _ = compile("", true)
	assert.Empty(t, outputs)
}
