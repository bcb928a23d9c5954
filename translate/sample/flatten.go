// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"maps"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// flatten merges allOf and the first choices of anyOf and oneOf into one schema. A first choice
// may contradict the rest, but authors usually write the normal case first.
func (m maker) flatten(schema apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
	parts := slices.Clone(schema.AllOf)
	if len(schema.AnyOf) > 0 && !schema.XIntOrString {
		parts = append(parts, schema.AnyOf[0])
	}
	if len(schema.OneOf) > 0 {
		parts = append(parts, schema.OneOf[0])
	}
	schema.AllOf, schema.AnyOf, schema.OneOf = nil, nil, nil
	for _, part := range parts {
		schema = m.overlay(schema, m.flatten(part))
	}
	if schema.Type == "" && len(schema.Properties) > 0 {
		schema.Type = "object"
	}
	return schema
}

// overlay keeps the tighter one of two rules.
func (m maker) overlay(a, b apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
	if !m.spend(size(a)) {
		return a
	}
	a.Required = append(slices.Clone(a.Required), b.Required...)
	a.Properties = maps.Clone(a.Properties)
	for _, key := range sortedKeys(b.Properties) {
		if a.Properties == nil {
			a.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
		}
		a.Properties[key] = m.overlay(a.Properties[key], b.Properties[key])
	}
	a.Type = either(a.Type, b.Type)
	a.Format = either(a.Format, b.Format)
	a.Pattern = either(b.Pattern, a.Pattern)
	if len(b.Enum) > 0 {
		a.Enum = both(a.Enum, b.Enum)
	}
	a.Minimum, a.ExclusiveMinimum = higher(a.Minimum, b.Minimum), a.ExclusiveMinimum || b.ExclusiveMinimum
	a.Maximum, a.ExclusiveMaximum = lower(a.Maximum, b.Maximum), a.ExclusiveMaximum || b.ExclusiveMaximum
	a.MinLength, a.MaxLength = higher(a.MinLength, b.MinLength), lower(a.MaxLength, b.MaxLength)
	a.MinItems, a.MaxItems = higher(a.MinItems, b.MinItems), lower(a.MaxItems, b.MaxItems)
	a.MinProperties, a.MaxProperties = higher(a.MinProperties, b.MinProperties), lower(a.MaxProperties, b.MaxProperties)
	a.MultipleOf = higher(a.MultipleOf, b.MultipleOf)
	a.AllOf = append(slices.Clone(a.AllOf), b.AllOf...)
	return a
}

// size is what it costs to copy a schema.
func size(schema apiextensionsv1.JSONSchemaProps) int {
	return 1 + len(schema.Properties) + len(schema.Required) + len(schema.Enum) + len(schema.AllOf)
}

func either(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// both is what two enums share. If the first one is no enum, it is the second one.
func both(a, b []apiextensionsv1.JSON) []apiextensionsv1.JSON {
	if len(a) == 0 {
		return b
	}
	shared := make(map[string]bool, len(b))
	for _, v := range b {
		shared[string(v.Raw)] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(v apiextensionsv1.JSON) bool { return !shared[string(v.Raw)] })
}

func higher[N int64 | float64](a, b *N) *N {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}

func lower[N int64 | float64](a, b *N) *N {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
