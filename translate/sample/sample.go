// SPDX-License-Identifier: Apache-2.0

// Package sample makes a request for a Promise if the user gave none, so that there is
// something to compile. The schema of the API says what a request looks like. A sample has only
// what is required.
package sample

import (
	"maps"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// Name is what sample requests, and texts in them, are called.
const Name = "example"

// Request makes a request that the schema of the API accepts, and always the same one. It
// ignores rules in CEL and rare patterns. Of a value without a reasonable size it makes a part.
func Request(api *parse.API) map[string]any {
	m := newMaker()
	request := map[string]any{}
	metadata := map[string]any{"name": m.name(api.Schema)}
	if api.Schema != nil {
		maps.Copy(request, m.body(*api.Schema))
	}
	if api.Scope != string(apiextensionsv1.ClusterScoped) {
		metadata["namespace"] = "default"
	}
	request["apiVersion"] = api.APIVersion()
	request["kind"] = api.Kind
	request["metadata"] = metadata
	return request
}

// body is everything but the type and the metadata. It has no status, because users do not
// write one.
func (m maker) body(schema apiextensionsv1.JSONSchemaProps) map[string]any {
	schema = m.flatten(schema)
	own := func(key string) bool {
		return key == "apiVersion" || key == "kind" || key == "metadata" || key == "status"
	}
	schema.Required = slices.DeleteFunc(slices.Clone(schema.Required), own)
	if _, ok := schema.Properties["spec"]; ok && !slices.Contains(schema.Required, "spec") {
		schema.Required = append(schema.Required, "spec")
	}
	schema.Properties = maps.Clone(schema.Properties)
	maps.DeleteFunc(schema.Properties, func(key string, _ apiextensionsv1.JSONSchemaProps) bool { return own(key) })
	return m.object(schema)
}

// name follows the rules that a schema may set for metadata.name.
func (m maker) name(schema *apiextensionsv1.JSONSchemaProps) string {
	if schema == nil {
		return Name
	}
	return m.text(m.flatten(schema.Properties["metadata"].Properties["name"]))
}
