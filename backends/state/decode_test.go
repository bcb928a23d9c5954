// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// inner is embedded in what follows.
type inner struct {
	Waiting *struct {
		Reason string `json:"reason"`
	} `json:"waiting,omitempty"`
}

// some is what is wanted of a run.
type some struct {
	Spec struct {
		Count     int       `json:"count"`
		Container *struct{} `json:"container"`
	} `json:"spec"`
	Status struct {
		Nodes map[string]struct {
			Phase string `json:"phase"`
		} `json:"nodes"`
		Steps []struct {
			inner `json:",inline"`
			Name  string `json:"name"`
		} `json:"steps"`
	} `json:"status"`
}

// TestSlimAddsNothing: a tenant can write a run with a hundred thousand empty nodes. What stays of
// it is never more than was written.
func TestSlimAddsNothing(t *testing.T) {
	for name, c := range map[string]struct{ written, slim string }{
		"empty": {
			`{"spec": {}, "status": {"nodes": {"a": {}, "b": {}}, "steps": [{}, {}]}}`,
			`{"spec": {}, "status": {"nodes": {"a": {}, "b": {}}, "steps": [{}, {}]}}`,
		},
		"more than is wanted": {
			`{"kind": "Run", "spec": {"count": 1, "container": {"image": "a"}, "other": [1]}, "status": {"nodes": {"a": {"phase": "b", "id": "c"}}}}`,
			`{"kind": "Run", "spec": {"count": 1, "container": {}}, "status": {"nodes": {"a": {"phase": "b"}}}}`,
		},
		"embedded": {
			`{"status": {"steps": [{"name": "a", "waiting": {"reason": "b", "message": "c"}, "running": {}}]}}`,
			`{"status": {"steps": [{"name": "a", "waiting": {"reason": "b"}}]}}`,
		},
		"another type": {
			`{"spec": {"count": "many", "container": [1]}, "status": {"nodes": [{"phase": "a"}], "steps": {"a": 1}}}`,
			`{"spec": {"count": "many"}, "status": {}}`,
		},
		"null": {`{"spec": null, "status": {"nodes": null, "steps": [null]}}`, `{"spec": null, "status": {"nodes": null, "steps": [null]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			run := &unstructured.Unstructured{}
			require.NoError(t, json.Unmarshal([]byte(c.written), &run.Object))
			before := state.Decode[some](run)
			state.Slim[some](run)
			slim, err := json.Marshal(run.Object)
			require.NoError(t, err)
			assert.JSONEq(t, c.slim, string(slim))
			if name != "another type" {
				assert.Equal(t, before, state.Decode[some](run))
			}
		})
	}
}
