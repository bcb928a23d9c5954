// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// onePipeline is a Promise whose only Pipeline has this spec, and a request for it.
func onePipeline(spec string) string {
	indented := strings.ReplaceAll(strings.TrimSpace(spec), "\n", "\n            ")
	return fmt.Sprintf(`apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: one}
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
        - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
  workflows:
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: only}
          spec:
            %s
---
apiVersion: example.org/v1
kind: Thing
metadata: {name: one, namespace: NAMESPACE}
`, indented)
}

// theRun is the one among the objects that were printed.
func (e engine) theRun(t *testing.T, objects []*unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	var found *unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() == e.kind {
			require.Nil(t, found, "more than one %s was printed", e.kind)
			found = object
		}
	}
	require.NotNil(t, found, "no %s was printed", e.kind)
	return found
}

// await watches a run until it is what the caller waits for.
func await(t *testing.T, run *unstructured.Unstructured, done func(*unstructured.Unstructured) bool) *unstructured.Unstructured {
	t.Helper()
	seen, err := shared.Await(bounded(t), run, func(run *unstructured.Unstructured) (bool, error) { return done(run), nil })
	if err != nil {
		t.Fatalf("%v\n%s", err, describe(seen))
	}
	return seen
}

// awaitEnd is for a run that something else than its containers ends.
func (e engine) awaitEnd(t *testing.T, run *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	return await(t, run, func(run *unstructured.Unstructured) bool {
		ended, _ := e.end(run)
		return ended
	})
}
