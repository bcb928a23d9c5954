// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/translate/parse"
)

func TestRequest(t *testing.T) {
	for _, c := range []struct{ name, spec, want string }{
		{"nothing is required", `{type: object, properties: {a: {type: string}}}`, `{}`},
		{"required and defaulted", `{type: object, required: [b], properties: {a: {type: string, default: x}, b: {type: string}, c: {type: string}}}`, `{a: x, b: example}`},
		{"default, example, enum", `{type: object, required: [a, b, c], properties: {
			a: {type: string, default: d, example: e, enum: [f, d]}, b: {type: string, example: e, enum: [f, e]}, c: {type: string, enum: [f, g]}}}`, `{a: d, b: e, c: f}`},
		{"an example of the wrong type", `{type: object, required: [a], properties: {a: {type: integer, example: many}}}`, `{a: 1}`},
		{
			"every type", `{type: object, required: [i, n, b, l, m, o, x, any], properties: {i: {type: integer}, n: {type: number}, b: {type: boolean},
			l: {type: array, items: {type: string}}, m: {type: object, additionalProperties: {type: integer}}, o: {type: object},
			x: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}, any: {x-kubernetes-preserve-unknown-fields: true}}}`,
			`{i: 1, n: 1, b: false, l: [example], m: {example: 1}, o: {}, x: 1, any: {}}`,
		},
		{
			"bounds", `{type: object, required: [a, b, c, d, e, f], properties: {a: {type: integer, minimum: 5}, b: {type: integer, minimum: 5, exclusiveMinimum: true},
			c: {type: integer, maximum: -3}, d: {type: integer, multipleOf: 8, minimum: 20}, e: {type: number, minimum: 0.25, maximum: 0.75}, f: {type: number, minimum: 2, maximum: 2}}}`,
			`{a: 5, b: 6, c: -3, d: 24, e: 0.25, f: 2}`,
		},
		{
			"lengths", `{type: object, required: [a, b, l, u], properties: {a: {type: string, minLength: 10}, b: {type: string, maxLength: 3},
			l: {type: array, minItems: 2, items: {type: object, required: [k], properties: {k: {type: string}}}}, u: {type: array, minItems: 3, items: {type: integer}}}}`,
			`{a: examplexxx, b: exa, l: [{k: example}, {k: example-2}], u: [1, 2, 3]}`,
		},
		{
			"patterns", `{type: object, required: [a, b, c, d], properties: {a: {type: string, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'}, b: {type: string, pattern: '^\d+(Mi|Gi)$'},
			c: {type: string, pattern: '^(dev|prod)-[A-Z]{2,5}$'}, d: {type: string, pattern: '^v[0-9]+$', minLength: 5, maxLength: 5}}}`,
			`{a: example, b: 1Mi, c: dev-AA, d: v1111}`,
		},
		{"choices", `{type: object, oneOf: [{required: [a]}, {required: [b]}], properties: {a: {type: string}, b: {type: string}, c: {type: object, allOf: [{required: [d]}], properties: {d: {type: integer, allOf: [{minimum: 3}]}}}},
			anyOf: [{required: [c]}]}`, `{a: example, c: {d: 3}}`},
		{"minProperties", `{type: object, minProperties: 2, properties: {a: {type: string}, b: {type: integer}, c: {type: string}}}`, `{a: example, b: 1}`},
		{
			"an embedded object", `{type: object, required: [a], properties: {a: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}}}`,
			`{a: {apiVersion: v1, kind: ConfigMap, metadata: {name: example}}}`,
		},
		{"a default to complete", `{type: object, required: [a], properties: {a: {type: object, default: {b: x}, properties: {b: {type: string}, c: {type: string, default: z}}}}}`, `{a: {b: x, c: z}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			api := apiOf(t, `{type: object, properties: {spec: `+c.spec+`}}`)
			request := Request(api)
			got, err := json.Marshal(request["spec"])
			require.NoError(t, err)
			want, err := yaml.YAMLToJSON([]byte(c.want))
			require.NoError(t, err)
			assert.JSONEq(t, string(want), string(got))
			assert.Empty(t, judge(t, api, request))
			assert.Equal(t, request, Request(api), "the same every time")
		})
	}
}

func TestRequestAround(t *testing.T) {
	api := apiOf(t, `{type: object, required: [kind, spec, extra], properties: {metadata: {type: object, properties: {name: {type: string, maxLength: 4}}},
		spec: {type: object}, extra: {type: string}, status: {type: object, required: [x]}}}`)
	assert.Equal(t, map[string]any{
		"apiVersion": "acme.io/v1", "kind": "Redis", "metadata": map[string]any{"name": "exam", "namespace": "default"},
		"spec": map[string]any{}, "extra": "example",
	}, Request(api))
}

func TestNoSchema(t *testing.T) {
	request := Request(&parse.API{Group: "acme.io", Version: "v1", Kind: "Redis", Scope: "Cluster"})
	assert.Equal(t, map[string]any{"apiVersion": "acme.io/v1", "kind": "Redis", "metadata": map[string]any{"name": "example"}}, request)
}

// TestFormats has the API server's own code judge every value.
func TestFormats(t *testing.T) {
	for format := range formats {
		api := apiOf(t, `{type: object, properties: {spec: {type: object, required: [a], properties: {a: {type: string, format: `+format+`}}}}}`)
		assert.Empty(t, judge(t, api, Request(api)), format)
	}
}

// TestDeep ends, although the schema goes on.
func TestDeep(t *testing.T) {
	schema := apiextensionsv1.JSONSchemaProps{Type: "string"}
	for range 100 {
		schema = apiextensionsv1.JSONSchemaProps{Type: "object", Required: []string{"a"}, Properties: map[string]apiextensionsv1.JSONSchemaProps{"a": schema}}
	}
	assert.NotEmpty(t, Request(&parse.API{Schema: &schema, Kind: "Deep"}))
}

// TestBounded has schemas that are made to do harm, and that no value satisfies. The time limit
// of the test bounds them.
func TestBounded(t *testing.T) {
	const item = `{type: array, minItems: 20, items: `
	for name, schema := range map[string]string{
		"lists in lists":      strings.Repeat(item, 20) + `{type: string}` + strings.Repeat("}", 20),
		"objects in lists":    strings.Repeat(item, 5) + `{type: object, required: [` + strings.Repeat("a, ", 1000) + `b]}` + strings.Repeat("}", 5),
		"maps in maps":        strings.Repeat(`{type: object, minProperties: 20, additionalProperties: `, 20) + `{type: string}` + strings.Repeat("}", 20),
		"bad texts in lists":  strings.Repeat(item, 3) + `{type: string, pattern: "^b$^"}` + strings.Repeat("}", 3),
		"texts in lists":      strings.Repeat(item, 3) + `{type: string, minLength: 4000, pattern: "^(a|b)+$"}` + strings.Repeat("}", 3),
		"defaults in lists":   strings.Repeat(item, 3) + `{type: string, default: "` + strings.Repeat("a", 10_000) + `"}` + strings.Repeat("}", 3),
		"stars in stars":      `{type: string, minLength: 4096, pattern: "^` + strings.Repeat("(", 50) + "a" + strings.Repeat("*)*", 50) + `b$"}`,
		"nothing in stars":    `{type: string, minLength: 4096, pattern: "^` + strings.Repeat("(", 50) + "$" + strings.Repeat(")*", 50) + `b$"}`,
		"repeats in a text":   `{type: string, minLength: 100000, pattern: "(ab?){0,1000}"}`,
		"parts beyond number": `{type: object, required: [z], allOf: [` + strings.Repeat(`{properties: {a: {allOf: [{minLength: 1}]}}},`, 5000) + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			api := apiOf(t, `{type: object, properties: {spec: {type: object, required: [a], properties: {a: `+schema+`}}}}`)
			request := Request(api)
			assert.NotEmpty(t, judge(t, api, request))
			assert.Equal(t, request, Request(api), "the same every time")
			size, err := json.Marshal(request)
			require.NoError(t, err)
			assert.Less(t, len(size), 1<<20)
		})
	}
}

// TestOddNumbers has limits that no author means. They must do no harm.
func TestOddNumbers(t *testing.T) {
	for _, c := range []struct{ schema, want string }{
		{`{type: string, maxLength: -1}`, `""`},
		{`{type: string, minLength: -1, maxLength: -9223372036854775808, pattern: "^b+$"}`, `""`},
		{`{type: string, minLength: 3, maxLength: 1}`, `"e"`},
		{`{type: string, minLength: -5, maxLength: 9223372036854775807}`, `"example"`},
		{`{type: array, maxItems: -1, items: {type: string}}`, `[]`},
		{`{type: array, minItems: -1, items: {type: string}}`, `["example"]`},
		{`{type: object, minProperties: -1, maxProperties: -1, additionalProperties: {type: string}}`, `{}`},
		{`{type: integer, multipleOf: 0}`, `1`},
		{`{type: integer, multipleOf: -3}`, `1`},
		{`{type: integer, minimum: 1e300}`, `9223372036854775807`},
		{`{type: integer, maximum: -1e300}`, `-9223372036854775808`},
		{`{type: integer, minimum: 5, maximum: 1}`, `1`},
		{`{type: number, minimum: 5, maximum: 1}`, `2`},
		{`{type: number, minimum: -1.7e308, maximum: 1.7e308}`, `1.7e+308`},
		{`{type: number, minimum: 1, multipleOf: 5e-324}`, `0`},
		{`{type: number, minimum: -0.5, maximum: 0.5, multipleOf: 1}`, `0`},
		{`{type: number, maximum: -0.5, minimum: -0.5, multipleOf: 1}`, `-1`},
	} {
		api := apiOf(t, `{type: object, properties: {spec: {type: object, required: [a], properties: {a: `+c.schema+`}}}}`)
		got, err := json.Marshal(Request(api)["spec"])
		require.NoError(t, err, c.schema)
		assert.Equal(t, `{"a":`+c.want+`}`, string(got), c.schema)
	}
}

func apiOf(t *testing.T, schema string) *parse.API {
	t.Helper()
	var props apiextensionsv1.JSONSchemaProps
	require.NoError(t, yaml.UnmarshalStrict([]byte(schema), &props))
	return &parse.API{Group: "acme.io", Version: "v1", Kind: "Redis", Scope: "Namespaced", Schema: &props}
}

// judge validates as the API server does.
func judge(t *testing.T, api *parse.API, request map[string]any) []error {
	t.Helper()
	var internal apiextensions.JSONSchemaProps
	require.NoError(t, apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(api.Schema, &internal, nil))
	validator, _, err := validation.NewSchemaValidator(&internal)
	require.NoError(t, err)
	var errs []error
	for _, e := range validation.ValidateCustomResource(nil, request, validator) {
		errs = append(errs, e)
	}
	return errs
}
