// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
)

func TestStatus(t *testing.T) {
	status, err := parseStatus([]byte(`
host: db.example
big: 9007199254740993
half: 0.5
on: true
none:
list: [1, a]
message: Ready
workflows: 2
conditions:
- {type: DatabaseReady, status: "True", lastTransitionTime: 2026-09-01T10:00:00Z}
`))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{
		"host": "db.example", "big": int64(9007199254740993), "half": 0.5, "true": true, "none": nil, "list": []any{int64(1), "a"},
		"message": "Ready", "workflows": int64(2),
		"conditions": []any{map[string]any{"type": "DatabaseReady", "status": "True", "lastTransitionTime": "2026-09-01T10:00:00Z"}},
	}, status)
	assert.NotPanics(t, func() { runtime.DeepCopyJSON(status) }, "an unstructured object can hold it")
}

func TestBadStatus(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a list", "- a", `1:1: found a list, want a mapping; remove the "- " [type]`},
		{"a text", "done", `1:1: found the string "done", want a mapping [type]`},
		{"reserved", "a: b\nkratix:\n  workflows: {}", `2:1: the key "kratix" belongs to the controller; write to another one [reserved-key]`},
		{"reserved, and empty", "kratix:", `1:1: the key "kratix" belongs to the controller; write to another one [reserved-key]`},
		{"message", "message: 5", `1:10: found the number 5, want a string; put it in quotes: "5" [type]`},
		{"counter", "workflowsFailed: many", `1:18: found the string "many", want a whole number [type]`},
		{"conditions", "conditions: {type: A}", `1:1: found a mapping, want a list; put "- " before its first key [type]`},
		{"condition", "conditions:\n- {type: A, status: true}", `2:21: found the boolean true, want a string; put it in quotes: "true" [type]`},
		{"time", "conditions:\n- {type: A, lastTransitionTime: today}", `2:33: found the string "today", want a time such as "2006-01-02T15:04:05Z" [type]`},
		{"no type", "conditions:\n- {type: A}\n- {status: \"True\"}", `3:3: the condition has no type; write one, such as type: DatabaseReady [condition-type]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseStatus([]byte(c.in))
			assert.EqualError(t, err, "status.yaml:"+c.want)
		})
	}
}

// TestManyKeys shows that keys of the author's own do not hide the others.
func TestManyKeys(t *testing.T) {
	var in strings.Builder
	for i := range 500 {
		fmt.Fprintf(&in, "a%d: b\n", i)
	}
	_, err := parseStatus([]byte(in.String() + "message: 5\n"))
	assert.ErrorContains(t, err, "status.yaml:501:10: found the number 5")
}

func TestMergeStatus(t *testing.T) {
	condition := func(kind, status string) any { return map[string]any{"type": kind, "status": status} }
	old := map[string]any{
		"message": "Pending", "host": map[string]any{"a": "b"}, "keep": int64(1),
		"conditions": []any{condition("Reconciled", "Unknown"), condition("A", "False"), "spoilt", map[string]any{"status": "True"}},
	}
	update := map[string]any{
		"message": "Ready", "host": map[string]any{"c": "d"}, "new": nil,
		"conditions": []any{condition("B", "True"), map[string]any{"type": "A"}, condition("B", "False")},
	}
	before := [2]map[string]any{runtime.DeepCopyJSON(old), runtime.DeepCopyJSON(update)}
	for range 20 { // Kratix's order is random
		assert.Equal(t, map[string]any{
			"message": "Ready", "host": map[string]any{"c": "d"}, "keep": int64(1), "new": nil,
			"conditions": []any{condition("Reconciled", "Unknown"), map[string]any{"type": "A"}, condition("B", "False")},
		}, MergeStatus(old, update))
	}
	assert.Equal(t, before, [2]map[string]any{old, update})

	assert.Equal(t, update, MergeStatus(nil, update), "there is nothing to merge conditions with")
	assert.Equal(t, map[string]any{"conditions": []any{}}, MergeStatus(map[string]any{"conditions": "spoilt"}, map[string]any{"conditions": []any{}}))
	assert.Equal(t, old, MergeStatus(old, nil))
}
