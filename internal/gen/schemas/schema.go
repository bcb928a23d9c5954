// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// schema is a JSON schema. It stays untyped because the Go types of Kubernetes
// know neither const nor $id.
type schema = map[string]any

// tighten turns the OpenAPI of a CRD into JSON schema and closes every object
// whose properties are known.
func tighten(s schema) {
	if s["x-kubernetes-int-or-string"] == true {
		s["anyOf"] = []any{schema{"type": number(s)}, schema{"type": "string"}}
	}
	maps.DeleteFunc(s, func(k string, _ any) bool { return strings.HasPrefix(k, "x-kubernetes-") })
	if s["default"] == "" {
		delete(s, "default") // editors would write it down
	}
	properties, ok := s["properties"].(schema)
	if ok {
		s["additionalProperties"] = false
	}
	for name, p := range properties {
		tighten(p.(schema))
		if !requires(s, name) {
			allowNull(p.(schema))
		}
	}
	for _, k := range []string{"items", "additionalProperties"} {
		if inner, ok := s[k].(schema); ok {
			tighten(inner)
		}
	}
}

// allowNull lets a field be null, which means the same as a missing field: Kratix and the API
// server read it so, and tools that print Go types write it.
func allowNull(s schema) {
	switch kind := s["type"].(type) {
	case string:
		s["type"] = []any{kind, "null"}
	case nil:
		if either, ok := s["anyOf"].([]any); ok {
			s["anyOf"] = append(either, schema{"type": "null"})
		}
	}
	if choices, ok := s["enum"].([]any); ok {
		s["enum"] = append(choices, nil)
	}
}

func requires(s schema, name string) bool {
	required, _ := s["required"].([]any)
	return slices.Contains(required, any(name))
}

// number is what may be written for x-kubernetes-int-or-string. It also allows 0.5 without quotes
// as a quantity, which Kratix reads and CRDs do not. Only quantities have a pattern.
func number(s schema) string {
	if s["pattern"] != nil {
		return "number"
	}
	return "integer"
}

func describePipeline(s schema) {
	properties := schema{}
	for f := range reflect.TypeFor[metav1.ObjectMeta]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		properties[name] = schema{"description": "Has no effect on a Pipeline."}
	}
	maps.Copy(properties, schema{
		"name":        text("Names the Pipeline; unique in its list. At most 60 characters together with the Promise and the workflow."),
		"labels":      texts("Are added to the Pods that run the Pipeline."),
		"annotations": texts("Are added to the Pods that run the Pipeline."),
		"namespace":   text("Has no effect. The Promise says where Pipelines run: spec.workflows.config.pipelineNamespace."),
	})
	envelope(s, v1alpha1.KindPipeline, schema{
		"description":          "Name, labels and annotations of the Pipeline. All else has no effect here.",
		"properties":           properties,
		"additionalProperties": false,
	})
}

// describePromise puts the schema of a Pipeline into that of a Promise, so that one file is enough.
func describePromise(s, pipeline schema) {
	envelope(s, v1alpha1.KindPromise, schema{
		"description": "Metadata as of any Kubernetes object.",
		"properties": schema{
			"name":        text("Names the Promise in the cluster."),
			"labels":      texts("Labels of the Promise; kratix.io/promise-version says its version."),
			"annotations": texts("Annotations of the Promise."),
		},
	})
	s["properties"].(schema)["status"] = schema{"description": "Written by Kratix.", "type": []any{"object", "null"}}
	s["definitions"] = schema{v1alpha1.KindPipeline: pipeline}
	workflows := property(s, "spec", "workflows")
	for _, kind := range []string{"promise", "resource"} {
		for _, action := range []string{"configure", "delete"} {
			property(workflows, kind, action)["items"] = schema{"$ref": "#/definitions/" + v1alpha1.KindPipeline}
		}
	}
}

// envelope replaces Kubernetes' general descriptions of apiVersion, kind and metadata by those of this kind.
func envelope(s schema, kind string, metadata schema) {
	metadata["type"] = "object"
	metadata["required"] = []any{"name"}
	for name, p := range metadata["properties"].(schema) {
		if !requires(metadata, name) {
			allowNull(p.(schema))
		}
	}
	properties := s["properties"].(schema)
	properties["apiVersion"] = schema{"description": "The only version there is.", "type": "string", "const": v1alpha1.APIVersion}
	properties["kind"] = schema{"description": "Always " + kind + ".", "type": "string", "const": kind}
	properties["metadata"] = metadata
	s["required"] = []string{"apiVersion", "kind", "metadata"}
}

// document adds what a schema in a file of its own needs.
func document(file, title string, s schema) schema {
	s = maps.Clone(s)
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["$id"] = "https://github.com/kratix-compile/kratix-compile/api/schema/" + file
	s["title"] = title
	return s
}

func property(s schema, names ...string) schema {
	for _, name := range names {
		s = s["properties"].(schema)[name].(schema)
	}
	return s
}

func text(description string) schema {
	return schema{"description": description, "type": "string"}
}

func texts(description string) schema {
	return schema{"description": description, "type": "object", "additionalProperties": schema{"type": "string"}}
}
