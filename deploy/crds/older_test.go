// SPDX-License-Identifier: Apache-2.0

package crds_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// TestNothingIsTakenAway from what older objects may have (docs/upgrade.md).
func TestNothingIsTakenAway(t *testing.T) {
	found := definitions(t)
	data, err := os.ReadFile("testdata/older.yaml")
	require.NoError(t, err)
	compared := 0
	for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
		var older apiextensionsv1.CustomResourceDefinition
		require.NoError(t, yaml.UnmarshalStrict(document, &older))
		for i, version := range older.Spec.Versions {
			now := found[older.Spec.Names.Kind].Spec.Versions[i]
			require.Equal(t, version.Name, now.Name)
			compared += kept(t, older.Spec.Names.Kind, *version.Schema.OpenAPIV3Schema, *now.Schema.OpenAPIV3Schema)
		}
	}
	assert.Greater(t, compared, 150, "fields")
}

// kept counts the fields of the older one, and demands all of them of the other.
func kept(t *testing.T, at string, older, now apiextensionsv1.JSONSchemaProps) (fields int) {
	t.Helper()
	assert.Equal(t, older.Type, now.Type, at)
	assert.Subset(t, older.Required, now.Required, "%s: what was not demanded of an object is not there", at)
	for _, word := range older.Enum {
		assert.Contains(t, now.Enum, word, at)
	}
	for name, property := range older.Properties {
		if assert.Contains(t, now.Properties, name, at) {
			fields += 1 + kept(t, at+"."+name, property, now.Properties[name])
		}
	}
	if older.Items != nil && assert.NotNil(t, now.Items, at) {
		fields += kept(t, at+"[]", *older.Items.Schema, *now.Items.Schema)
	}
	if older.AdditionalProperties != nil && assert.NotNil(t, now.AdditionalProperties, at) {
		fields += kept(t, at+"{}", *older.AdditionalProperties.Schema, *now.AdditionalProperties.Schema)
	}
	return fields
}
