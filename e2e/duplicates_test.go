// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestDuplicates shows why the plan has every variable once: Argo's CRD takes no name twice,
// and Tekton's does. testdata/environment runs a Pipeline that has them.
func TestDuplicates(t *testing.T) {
	c := newCase(t, "duplicates", onePipeline("containers: [{name: only, image: IMAGE, command: [probe]}]"), nil)
	workflow, taskRun := engines[1].theRun(t, c.compile(t, "argo")), engines[0].theRun(t, c.compile(t, "tekton"))
	require.NoError(t, try(t, workflow), "as it was printed")
	require.NoError(t, try(t, taskRun), "as it was printed")

	assert.ErrorContains(t, try(t, twice(t, workflow, "env", "spec", "templates", "initContainers")), `Duplicate value: {"name":"KRATIX_WORKFLOW_ACTION"}`)
	assert.ErrorContains(t, try(t, twice(t, workflow, "volumeMounts", "spec", "templates", "initContainers")), `Duplicate value: {"mountPath":"/kratix/input"}`)
	assert.NoError(t, try(t, twice(t, taskRun, "env", "spec", "taskSpec", "steps")))
}

// try asks the API server without any consequence.
func try(t *testing.T, object *unstructured.Unstructured) error {
	t.Helper()
	resource, err := shared.Resource(object)
	require.NoError(t, err)
	_, err = resource.Create(t.Context(), object, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict})
	return err
}

// twice is the object with the first entry of the first container's list two times.
// The path leads to the containers, through the last entry of every list on the way.
func twice(t *testing.T, object *unstructured.Unstructured, list string, path ...string) *unstructured.Unstructured {
	t.Helper()
	object = object.DeepCopy()
	at := object.Object
	for _, field := range path[:len(path)-1] {
		switch next := at[field].(type) {
		case map[string]any:
			at = next
		case []any:
			at = next[len(next)-1].(map[string]any)
		}
	}
	container := at[path[len(path)-1]].([]any)[0].(map[string]any)
	entries := container[list].([]any)
	container[list] = append(entries, entries[0])
	return object
}
