// SPDX-License-Identifier: Apache-2.0

package backends_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/golden/crds"
)

// definitions are what API servers know of the engines' objects.
var definitions = map[string][][]byte{
	"tekton": {crds.TektonTaskRun},
	"argo":   {crds.Argo37Workflow, crds.Argo40Workflow},
}

// TestEnginesKnowTheFields follows every field to the place that the table
// names, and demands that the engine's CRD has it there: what the CRD prunes is
// lost, too.
func TestEnginesKnowTheFields(t *testing.T) {
	for _, engine := range backends.Names() {
		assert.NotEmpty(t, definitions[engine], engine)
		for _, definition := range definitions[engine] {
			spec := specOf(t, definition)
			for _, l := range pipelineLeaves() {
				row, ok := rowOf(l.path)
				require.True(t, ok)
				for _, target := range targets(row.Answers[engine]) {
					path := target + strings.TrimPrefix(l.path, row.Field)
					assert.True(t, has(spec, strings.ReplaceAll(path, "[]", "")), "%s: spec.%s", l.path, path)
				}
			}
		}
	}
}

// targets are the paths below the engine object's spec.
func targets(answer backends.Answer) []string {
	if answer.Fate != backends.Translated || answer.Target == "checked" || strings.HasPrefix(answer.Target, "Role") {
		return nil
	}
	return slices.DeleteFunc(strings.Split(answer.Target, ", "), func(target string) bool { return within(target, "metadata") })
}

func specOf(t *testing.T, definition []byte) apiextensionsv1.JSONSchemaProps {
	t.Helper()
	var crd apiextensionsv1.CustomResourceDefinition
	require.NoError(t, json.Unmarshal(definition, &crd))
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
}

// has follows a path through lists and properties, as far as the schema is strict.
func has(schema apiextensionsv1.JSONSchemaProps, path string) bool {
	for schema.Items != nil {
		schema = *schema.Items.Schema
	}
	open := schema.XPreserveUnknownFields != nil && *schema.XPreserveUnknownFields
	if path == "" || open || schema.AdditionalProperties != nil {
		return true
	}
	key, rest, _ := strings.Cut(path, ".")
	property, ok := schema.Properties[key]
	return ok && has(property, rest)
}
