// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// reference names a Secret or a ConfigMap.
type reference struct{ kind, name string }

// references are those that fields of the API hold, however deep. It goes by the JSON: volumes have
// more than a dozen fields for the name of a Secret, and Kubernetes may add one.
func references(fields ...any) []reference {
	data, err := json.Marshal(fields)
	if err != nil {
		return nil // they were read from JSON
	}
	var tree any
	_ = json.Unmarshal(data, &tree) // json wrote it
	return refer("", tree)
}

// refer looks below one key. There are three ways to name an object: {secretName: x} anywhere, and
// {name: x} below a key such as secretKeyRef or configMap.
func refer(key string, value any) []reference {
	var found []reference
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			found = append(found, refer(key, v)...)
		}
	case map[string]any:
		if name, ok := value["secretName"].(string); ok {
			found = append(found, reference{"Secret", name})
		} else if name, ok := value["name"].(string); ok && kindOf(key) != "" {
			found = append(found, reference{kindOf(key), name})
		}
		for _, k := range slices.Sorted(maps.Keys(value)) {
			found = append(found, refer(k, value[k])...)
		}
	}
	return found
}

// kindOf is what a key names, as Secret for nodePublishSecretRef.
func kindOf(key string) string {
	for _, kind := range []string{"Secret", "ConfigMap"} {
		if strings.Contains(strings.ToLower(key), strings.ToLower(kind)) {
			return kind
		}
	}
	return ""
}
