// SPDX-License-Identifier: Apache-2.0

package promised_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/promised"
)

func author(t *testing.T) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	require.NoError(t, yaml.UnmarshalStrict([]byte(`
metadata: {name: things.example.org, labels: {team: a}}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Thing, plural: things, singular: thing}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {scale: {specReplicasPath: .spec.count, statusReplicasPath: .status.count}}
      additionalPrinterColumns: [{name: size, type: string, jsonPath: .spec.size}]
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {size: {type: string}}}
            status: {type: object, required: [count], properties: {count: {type: integer}, message: {type: integer}}}
    - name: v0
      served: true
      storage: false
      schema: {openAPIV3Schema: {type: object}}
`), crd))
	return crd
}

func TestAuthorsPartsStay(t *testing.T) {
	before := author(t)
	crd := promised.CRD("things", before)
	assert.Equal(t, author(t), before, "the Promise itself is not touched")
	assert.Equal(t, map[string]string{"team": "a", v1alpha1.LabelPromise: "things"}, crd.Labels)

	v1, v0 := crd.Spec.Versions[0], crd.Spec.Versions[1]
	assert.NotNil(t, v1.Subresources.Scale)
	assert.NotNil(t, v1.Subresources.Status)
	assert.NotNil(t, v0.Subresources.Status)
	assert.Equal(t, []string{"size 0", "reason 1", "cause 1", "works 1", "promise 1"}, columns(v1))
	assert.Equal(t, []string{"message 0", "status 0", "reason 0", "cause 0", "works 1", "promise 1", "age 0"}, columns(v0))

	status := v1.Schema.OpenAPIV3Schema.Properties["status"]
	assert.Equal(t, "integer", status.Properties["count"].Type)
	assert.Empty(t, status.Required, "the runner writes before any pipeline does")
	assert.Equal(t, "string", status.Properties["message"].Type, "what the runner writes has the runner's type")
	name := v1.Schema.OpenAPIV3Schema.Properties["metadata"].Properties["name"]
	assert.EqualValues(t, 63, *name.MaxLength)
	assert.NotContains(t, v0.Schema.OpenAPIV3Schema.Properties, "metadata", "only the stored version is limited")
}

// columns are names and priorities.
func columns(version apiextensionsv1.CustomResourceDefinitionVersion) []string {
	var all []string
	for _, c := range version.AdditionalPrinterColumns {
		all = append(all, fmt.Sprintf("%s %d", c.Name, c.Priority))
	}
	return all
}

// TestColumnsOfTheAuthor demands that a column of the author's stays the only one of its name.
func TestColumnsOfTheAuthor(t *testing.T) {
	crd := author(t)
	crd.Spec.Versions[0].AdditionalPrinterColumns[0].Name = "Reason"
	assert.Equal(t, []string{"Reason 0", "cause 1", "works 1", "promise 1"}, columns(promised.CRD("things", crd).Spec.Versions[0]))
}

// TestColumnsTell demands that people see why a request is where it is.
func TestColumnsTell(t *testing.T) {
	status := map[string]any{
		"conditions": []any{
			map[string]any{"type": "WorksSucceeded", "message": "Works are failing: [w]"},
			map[string]any{"type": "PromiseAvailable", "message": "Promise Requirements are not installed"},
			map[string]any{"type": "Reconciled", "reason": "WorksFailing", "message": "Failing"},
		},
		"kratix": map[string]any{"workflows": map[string]any{"pipelines": []any{
			map[string]any{"name": "a", "phase": "Succeeded"},
			map[string]any{"name": "b", "phase": "Running", "message": "cannot get its image"},
		}}},
	}
	shown := map[string]string{}
	for _, c := range promised.CRD("things", author(t)).Spec.Versions[1].AdditionalPrinterColumns {
		path := jsonpath.New(c.Name).AllowMissingKeys(true)
		require.NoError(t, path.Parse("{"+c.JSONPath+"}"))
		var out strings.Builder
		require.NoError(t, path.Execute(&out, map[string]any{"status": status}))
		shown[c.Name] = out.String()
	}
	assert.Equal(t, map[string]string{
		"message": "", "status": "Failing", "reason": "WorksFailing", "cause": "cannot get its image", "works": "Works are failing: [w]",
		"promise": "Promise Requirements are not installed", "age": "",
	}, shown)
}

// TestStatusSurvivesPruning demands that the API server takes the schemas, and keeps what
// pipelines and the runner write.
func TestStatusSurvivesPruning(t *testing.T) {
	crd := promised.CRD("things", author(t))
	for _, version := range crd.Spec.Versions {
		internal := &apiextensions.JSONSchemaProps{}
		require.NoError(t, apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, internal, nil))
		schema, err := structural.NewStructural(internal)
		require.NoError(t, err)
		require.Empty(t, structural.ValidateStructural(nil, schema))

		written := map[string]any{"status": map[string]any{
			"count": int64(1), "host": map[string]any{"name": "x"}, "message": "Pending", "workflows": int64(2),
			"conditions": []any{map[string]any{"type": "Reconciled", "status": "True"}},
			"kratix": map[string]any{"workflows": map[string]any{
				"round":     int64(3),
				"pipelines": []any{map[string]any{"name": "a", "phase": "Running", "run": "kratix-a"}},
			}},
		}}
		pruned := map[string]any{"status": written["status"]}
		pruning.Prune(pruned, schema, true)
		assert.Equal(t, written, pruned, version.Name)
	}
}

func TestAdoptWritesOnlyChanges(t *testing.T) {
	wanted := promised.CRD("things", author(t))
	existing := wanted.DeepCopy()
	existing.Labels["somebody"] = "else"
	existing.ResourceVersion = "7"
	existing.Spec.Conversion = &apiextensionsv1.CustomResourceConversion{Strategy: apiextensionsv1.NoneConverter} // the API server's default
	assert.False(t, promised.Adopt(existing, wanted))

	wanted.Spec.Versions[0].Served = false
	assert.True(t, promised.Adopt(existing, wanted))
	assert.False(t, existing.Spec.Versions[0].Served)
	assert.Equal(t, "else", existing.Labels["somebody"])
	assert.Equal(t, "7", existing.ResourceVersion)
}

// TestAdoptRemovesConversion: the webhook that an author has removed may be gone already.
func TestAdoptRemovesConversion(t *testing.T) {
	webhook := &apiextensionsv1.CustomResourceConversion{Strategy: apiextensionsv1.WebhookConverter}
	wanted := promised.CRD("things", author(t))
	wanted.Spec.Conversion = webhook
	existing := wanted.DeepCopy()
	assert.False(t, promised.Adopt(existing, wanted))

	wanted.Spec.Conversion = nil
	assert.True(t, promised.Adopt(existing, wanted))
	assert.Equal(t, apiextensionsv1.NoneConverter, existing.Spec.Conversion.Strategy)
	assert.False(t, promised.Adopt(existing, wanted), "once is enough")
}

func TestEstablished(t *testing.T) {
	crd := author(t)
	ok, why := promised.Established(crd)
	assert.False(t, ok)
	assert.Empty(t, why, "it needs a moment")

	crd.Status.Conditions = []apiextensionsv1.CustomResourceDefinitionCondition{
		{Type: apiextensionsv1.Established, Status: apiextensionsv1.ConditionTrue},
	}
	ok, _ = promised.Established(crd)
	assert.True(t, ok)

	crd.Status.Conditions = append(crd.Status.Conditions, apiextensionsv1.CustomResourceDefinitionCondition{
		Type: apiextensionsv1.NamesAccepted, Status: apiextensionsv1.ConditionFalse, Message: "thing is taken",
	})
	ok, why = promised.Established(crd)
	assert.False(t, ok)
	assert.Equal(t, "thing is taken", why)
}
