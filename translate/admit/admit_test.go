// SPDX-License-Identifier: Apache-2.0

package admit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// promise has an API with the given schema of spec.
func promise(t *testing.T, crdName, spec string) *parse.PromiseDoc {
	t.Helper()
	docs, diags := parse.Documents(parse.File{Name: "p.yaml", Data: []byte(`apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: redis}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: ` + crdName + `}
    spec:
      group: example.org
      names: {kind: Redis, plural: redises}
      scope: Namespaced
      versions:
      - name: v1
        served: true
        storage: true
        schema:
          openAPIV3Schema:
            type: object
            properties:
              spec: ` + spec + `
`)})
	require.Empty(t, diags)
	p, diags := parse.Promise(docs[0])
	require.Empty(t, diags)
	return p
}

func TestAPI(t *testing.T) {
	assert.Nil(t, API(nil))
	assert.Empty(t, API(promise(t, "redises.example.org", "{type: object}").API))
	for _, c := range []struct{ name, crd, spec, path string }{
		{"name", "redis.example.org", "{type: object}", "spec.api.metadata.name"},
		{"schema", "redises.example.org", "{type: nonsense}", "spec.api.spec.versions[0].schema.openAPIV3Schema.properties[spec].type"},
		{"default", "redises.example.org", "{type: object, properties: {a: {type: string, default: 1}}}", "spec.api.spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[a].default"},
	} {
		t.Run(c.name, func(t *testing.T) {
			diags := API(promise(t, c.crd, c.spec).API)
			require.NotEmpty(t, diags)
			for _, d := range diags {
				assert.Equal(t, diag.BadAPI, d.Code)
				assert.NotZero(t, d.Pos.Line)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	api := promise(t, "redises.example.org", "{type: object, required: [size], properties: {size: {type: string, enum: [s, l]}, replicas: {type: integer, default: 1}}, x-kubernetes-validations: [{rule: self.replicas < 9, message: too many}]}").API
	schema, diags := NewSchema(api)
	require.Empty(t, diags)
	for _, c := range []struct {
		name, spec, status string
		codes              []diag.Code
		want               map[string]any
	}{
		{"defaults", "{size: s}", "{}", nil, map[string]any{"size": "s", "replicas": int64(1)}},
		{"required", "{}", "{}", []diag.Code{diag.BadRequest}, nil},
		{"enum", "{size: m}", "{}", []diag.Code{diag.BadRequest}, nil},
		{"type", "{size: s, replicas: two}", "{}", []diag.Code{diag.BadRequest}, nil},
		{"unknown", "{size: s, sice: l}", "{}", []diag.Code{diag.UnknownRequestField}, map[string]any{"size": "s", "replicas": int64(1)}},
		{"rule", "{size: l, replicas: 9}", "{}", []diag.Code{diag.BadRequest}, nil},
		{"status stays", "{size: s}", "{host: x}", nil, map[string]any{"size": "s", "replicas": int64(1)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, diags := parse.Documents(parse.File{Name: "r.yaml", Data: []byte("apiVersion: example.org/v1\nkind: Redis\nmetadata: {name: a}\nspec: " + c.spec + "\nstatus: " + c.status + "\n")})
			require.Empty(t, diags)
			r, diags := parse.Request(docs[0], api)
			require.Empty(t, diags)
			var have []diag.Code
			for _, d := range schema.Request(r) {
				have = append(have, d.Code)
				assert.Equal(t, 4, d.Pos.Line, d.Message)
			}
			assert.Equal(t, c.codes, have)
			if c.want != nil {
				assert.Equal(t, c.want, r.Object["spec"])
			}
			if c.name == "status stays" {
				assert.Equal(t, map[string]any{"host": "x"}, r.Object["status"])
				assert.JSONEq(t, `{"size":"s","replicas":1}`, string(r.Spec))
			}
		})
	}
}
