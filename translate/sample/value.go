// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"strconv"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/json"
)

const (
	// maxDepth bounds objects in objects; no reader follows further.
	maxDepth = 20
	// maxItems bounds lists and maps, whatever minItems demands.
	maxItems = 20
	// maxEffort bounds a sample: its values, their characters, and the parts of the schema that
	// are read for them, all together. Nested lists, and texts in lists, multiply.
	maxEffort = 10_000
	// misfit is the effort for a value that cannot be valid. A few such values are enough to
	// show the problem, and the time of validation grows with the square of their number.
	misfit = 100
)

// maker makes values. The number tells the elements of a list apart.
type maker struct {
	depth  int
	number int
	// left is what is left of maxEffort.
	left *int
}

func newMaker() maker {
	left := maxEffort
	return maker{left: &left}
}

// spend takes from the remaining effort. If that is not enough, nothing remains: one invalid
// part makes the whole sample invalid, so other parts are not worth more effort.
func (m maker) spend(effort int) bool {
	if effort > *m.left {
		*m.left = 0
		return false
	}
	*m.left -= effort
	return true
}

func (m maker) value(schema apiextensionsv1.JSONSchemaProps) any {
	if !m.spend(size(schema)) {
		return nil
	}
	schema = m.flatten(schema)
	written, ok := m.written(schema)
	if ok && schema.Type != "object" {
		return written
	}
	switch {
	case schema.XIntOrString:
		return m.integer(schema)
	case schema.Type == "string":
		return m.text(schema)
	case schema.Type == "integer":
		return m.integer(schema)
	case schema.Type == "number":
		return m.float(schema)
	case schema.Type == "boolean":
		return false
	case schema.Type == "array":
		return m.list(schema)
	default:
		return m.object(schema)
	}
}

// written is the best value that the author of the schema wrote down.
func (m maker) written(schema apiextensionsv1.JSONSchemaProps) (any, bool) {
	for _, candidate := range []*apiextensionsv1.JSON{schema.Default, schema.Example} {
		if v, ok := m.decode(candidate); ok && fits(v, schema) {
			return v, true
		}
	}
	if len(schema.Enum) == 0 {
		return nil, false
	}
	return m.decode(&schema.Enum[m.number%len(schema.Enum)])
}

func (m maker) decode(raw *apiextensionsv1.JSON) (any, bool) {
	var v any
	if raw == nil || !m.spend(len(raw.Raw)) || json.UnmarshalCaseSensitivePreserveInts(raw.Raw, &v) != nil || v == nil {
		return nil, false
	}
	return v, true
}

// fits checks the type of an example, because nobody validates examples.
func fits(v any, schema apiextensionsv1.JSONSchemaProps) bool {
	switch v.(type) {
	case string:
		return schema.Type == "string" || schema.XIntOrString
	case int64:
		return schema.Type == "integer" || schema.Type == "number" || schema.XIntOrString
	case float64:
		return schema.Type == "number"
	case bool:
		return schema.Type == "boolean"
	case []any:
		return schema.Type == "array"
	default:
		return schema.Type == "object" || schema.Type == ""
	}
}

// object has the required properties, those with a default, and as many as minProperties
// demands.
func (m maker) object(schema apiextensionsv1.JSONSchemaProps) map[string]any {
	object := map[string]any{}
	if v, ok := m.written(schema); ok {
		if written, ok := v.(map[string]any); ok {
			object = written
		}
	}
	m.depth++
	if m.depth > maxDepth {
		m.spend(misfit)
		return object
	}
	if schema.XEmbeddedResource && len(object) == 0 {
		object = map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": Name}}
	}
	missing := 0
	if schema.MinProperties != nil {
		missing = int(min(*schema.MinProperties, maxItems))
	}
	keys := sortedKeys(schema.Properties)
	required := sets.New(schema.Required...)
	for _, key := range keys {
		property := schema.Properties[key]
		if _, ok := object[key]; !ok && (required.Has(key) || property.Default != nil) {
			object[key] = m.value(property)
		}
	}
	for _, key := range keys {
		if _, ok := object[key]; !ok && len(object) < missing {
			object[key] = m.value(schema.Properties[key])
		}
	}
	m.entries(schema, object, missing)
	return object
}

// entries fills a map whose keys the user chooses; one entry shows how.
func (m maker) entries(schema apiextensionsv1.JSONSchemaProps, object map[string]any, missing int) {
	values := schema.AdditionalProperties
	if values == nil || values.Schema == nil {
		return
	}
	if len(schema.Properties) == 0 && (schema.MaxProperties == nil || *schema.MaxProperties > 0) {
		missing = max(missing, 1)
	}
	for i := 0; len(object) < missing; i++ {
		object[numbered(i)] = m.value(*values.Schema)
	}
	for _, key := range schema.Required {
		if _, ok := object[key]; !ok {
			object[key] = m.value(*values.Schema)
		}
	}
}

func (m maker) list(schema apiextensionsv1.JSONSchemaProps) []any {
	items := []any{}
	m.depth++
	if m.depth > maxDepth {
		m.spend(misfit)
		return items
	}
	if schema.Items == nil || schema.Items.Schema == nil {
		return items
	}
	count := int64(1)
	if schema.MinItems != nil {
		count = min(max(count, *schema.MinItems), maxItems)
	}
	if schema.MaxItems != nil {
		count = min(count, *schema.MaxItems)
	}
	for i := range int(count) {
		m.number = i
		items = append(items, m.value(*schema.Items.Schema))
	}
	return items
}

func numbered(i int) string {
	if i == 0 {
		return Name
	}
	return Name + "-" + strconv.Itoa(i+1)
}
