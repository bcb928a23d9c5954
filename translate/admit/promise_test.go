// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// These are the types of a Promise in Kratix, field by field, and not ours, because Kratix
// hashes what its own types print.
type (
	kratixPromise struct {
		Spec kratixSpec `json:"spec"`
	}
	kratixSpec struct {
		API                  *runtime.RawExtension `json:"api,omitempty"`
		Workflows            kratixWorkflows       `json:"workflows"`
		RequiredPromises     []kratixRequired      `json:"requiredPromises,omitempty"`
		Dependencies         []kratixDependency    `json:"dependencies,omitempty"`
		DestinationSelectors []kratixScheduling    `json:"destinationSelectors,omitempty"`
	}
	kratixWorkflows struct {
		Config   kratixConfig   `json:"config"`
		Resource kratixTriggers `json:"resource"`
		Promise  kratixTriggers `json:"promise"`
	}
	kratixConfig struct {
		PipelineNamespace      string           `json:"pipelineNamespace,omitempty"`
		ReconciliationInterval *metav1.Duration `json:"reconciliationInterval,omitempty"`
	}
	kratixTriggers struct {
		Configure []unstructured.Unstructured `json:"configure,omitempty"`
		Delete    []unstructured.Unstructured `json:"delete,omitempty"`
	}
	kratixDependency struct {
		unstructured.Unstructured `json:",inline"`
	}
	kratixRequired struct {
		Name    string `json:"name,omitempty"`
		Version string `json:"version,omitempty"`
	}
	kratixScheduling struct {
		MatchLabels map[string]string `json:"matchLabels,omitempty"`
	}
)

// kratixPrints does what Kratix does with a stored Promise before it hashes it.
func kratixPrints(t *testing.T, stored map[string]any) string {
	t.Helper()
	data, err := json.Marshal(stored)
	require.NoError(t, err)
	var promise kratixPromise
	require.NoError(t, json.Unmarshal(data, &promise))
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&promise)
	require.NoError(t, err)
	spec, err := json.Marshal(object["spec"])
	require.NoError(t, err)
	return string(spec)
}

const pipelineOfPromise = `{apiVersion: platform.kratix.io/v1alpha1, kind: Pipeline, metadata: {name: p, creationTimestamp: null}, spec: {containers: [{image: "a<b>&c", name: c, resources: {limits: {cpu: 0.5, memory: 1}}}]}}`

// TestPromiseSpecIsKratix compares with Kratix's types, byte by byte.
func TestPromiseSpecIsKratix(t *testing.T) {
	for name, spec := range map[string]string{
		"nothing":         "",
		"null":            "null",
		"an API":          "{api: {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a, creationTimestamp: null}, spec: {z: 1, a: [1.0, 2.5, 1e3], u: é}}}",
		"no API":          "{api: {}}",
		"empty lists":     "{dependencies: [], destinationSelectors: [], requiredPromises: [], workflows: {promise: {configure: []}}}",
		"nulls":           "{api: null, dependencies: null, workflows: {config: null, promise: {delete: null}}}",
		"selectors":       "{destinationSelectors: [{matchLabels: {b: c, a: b}}, {matchLabels: {}}, {}, {weight: 1}]}",
		"required":        "{requiredPromises: [{name: a, version: ''}, {version: v1}, {}]}",
		"dependencies":    "{dependencies: [{kind: A, z: {}, items: [], n: 1.0, f: 1.5, big: 9007199254740993}, {kind: B, metadata: {labels: {a: <b>}}}]}",
		"configuration":   "{workflows: {config: {pipelineNamespace: a, reconciliationInterval: 90m}}}",
		"Pipelines":       "{workflows: {promise: {configure: [" + pipelineOfPromise + "]}, resource: {delete: [" + pipelineOfPromise + "]}}}",
		"what is dropped": "{colour: red, workflows: {colour: red, config: {colour: red}}}",
	} {
		t.Run(name, func(t *testing.T) {
			docs, diags := parse.Documents(parse.File{Name: "p.yaml", Data: []byte("apiVersion: platform.kratix.io/v1alpha1\nkind: Promise\nmetadata: {name: x, namespace: ns}\nspec: " + spec + "\n")})
			require.Empty(t, diags)
			p, diags := parse.Promise(docs[0])
			require.NotNil(t, p)
			found := Promise(p)
			require.False(t, found.HasErrors(), "%v %v", diags, found)
			assert.NotContains(t, p.Content["metadata"], "namespace")
			assert.Equal(t, kratixPrints(t, p.Content), string(p.Spec))
		})
	}
}
