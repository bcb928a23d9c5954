// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
)

// reserved is the one key of the status that Pipelines may not write.
const reserved = "kratix"

// condition is an entry of the conditions.
type condition struct {
	Type               string      `json:"type"`
	Status             string      `json:"status"`
	Reason             string      `json:"reason"`
	Message            string      `json:"message"`
	LastTransitionTime metav1.Time `json:"lastTransitionTime"`
}

// status is nil when the file says nothing. Its numbers are int64 or float64.
func (f *file) status() map[string]any {
	if f.doc == nil {
		return nil
	}
	var status map[string]any
	if err := json.UnmarshalCaseSensitivePreserveInts(f.doc.JSON(), &status); err != nil {
		f.explain(f.root(), f.doc.DecodeLoose(nil, &status), err)
		return nil
	}
	if _, written := status[reserved]; written {
		f.fail(f.root().Field(reserved).Key(), RuleReservedKey, "the key %q belongs to the controller; write to another one", reserved)
	}
	f.checkKnown()
	return status
}

// checkKnown looks at the keys that every status has: API servers refuse a status
// in which they are of another type.
func (f *file) checkKnown() {
	var list []condition
	for _, known := range []struct {
		key  string
		into any
	}{
		{conditions, &list},
		{"message", new(string)},
		{"observedGeneration", new(int64)},
		{"workflows", new(int64)},
		{"workflowsFailed", new(int64)},
		{"workflowsSucceeded", new(int64)},
	} {
		f.adopt(f.doc.DecodeLoose(f.root().Field(known.key).Path, known.into).Errors())
	}
	for i, c := range list {
		if c.Type == "" && len(f.problems) == 0 {
			f.fail(f.root().Field(conditions).Index(i), RuleConditionType, "the condition has no type; write one, such as type: DatabaseReady")
		}
	}
}

// warnOfLost warns of keys that the API server drops from a Promise's status.
func (f *file) warnOfLost(status map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(status)) {
		if key != "message" {
			f.warn(f.root().Field(key).Key(), RuleLostKey, "the status of a Promise has a message and no other key for Pipelines; %q is lost or overwritten", key)
		}
	}
}

const conditions = "conditions"

// MergeStatus is old with the keys of update instead of its own. If both have a list of
// conditions, a condition of update replaces the one of its type, and new ones follow;
// elements without a type are dropped. Neither argument is changed, and the result shares
// with them what is below the top level.
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
