// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"maps"
	"slices"
)

const conditions = "conditions"

// MergeStatus is old with the keys of update instead of its own. Of conditions, if
// both have a list of them, those of the same type are replaced in their place
// and new ones follow; elements without a type are dropped. Neither argument
// is changed, and the result shares with them what is below the top level.
func MergeStatus(old, update map[string]any) map[string]any {
	merged := make(map[string]any, len(old)+len(update))
	maps.Copy(merged, old)
	maps.Copy(merged, update)
	before, listed := old[conditions].([]any)
	after, alsoListed := update[conditions].([]any)
	if listed && alsoListed {
		merged[conditions] = mergeConditions(before, after)
	}
	return merged
}

func mergeConditions(before, after []any) []any {
	merged := []any{}
	index := map[string]int{} // by type
	for _, c := range slices.Concat(before, after) {
		fields, _ := c.(map[string]any)
		kind, typed := fields["type"].(string)
		i, seen := index[kind]
		switch {
		case !typed:
		case seen:
			merged[i] = c
		default:
			index[kind] = len(merged)
			merged = append(merged, c)
		}
	}
	return merged
}
