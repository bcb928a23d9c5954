// SPDX-License-Identifier: Apache-2.0

package backends_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/state"
)

// TestNotTaken: a run that no controller has looked at for a minute says so on every engine, and
// what to look at; one that has a status, or is new, does not.
func TestNotTaken(t *testing.T) {
	made := time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)
	taken := map[string]any{
		"phase":      "Running",
		"conditions": []any{map[string]any{"type": "Succeeded", "status": "Unknown", "reason": "Started"}},
	}
	for _, e := range backends.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			run := &unstructured.Unstructured{Object: map[string]any{"apiVersion": e.APIVersion, "kind": e.Kind}}
			run.SetCreationTimestamp(metav1.NewTime(made))
			assert.Nil(t, e.Observe(run, nil, made.Add(59*time.Second)).Failure)

			s := e.Observe(run, nil, made.Add(time.Minute))
			assert.Equal(t, state.Pending, s.Phase)
			assert.Equal(t, &state.Failure{Fault: state.FaultPlatform, Reason: state.NotTaken, Message: e.Untaken}, s.Failure)

			e.Observer.Slim(run)
			assert.NotNil(t, e.Observe(run, nil, made.Add(time.Hour)).Failure, "as it is in a cache")

			run.Object["status"] = taken
			assert.Nil(t, e.Observe(run, nil, made.Add(time.Hour)).Failure)
		})
	}
}
