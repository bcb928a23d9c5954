// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

// TestReported: if the object can be read, and shows the Pipeline running, nothing is waited for.
func TestReported(t *testing.T) {
	for name, test := range map[string]struct {
		phase, since string
		runs         bool
	}{
		"running":             {"Running", "2026-11-30T00:58:29Z", true},
		"not yet":             {"Pending", "2026-11-30T00:58:29Z", false},
		"of the round before": {"Running", "2026-11-30T00:50:00Z", false},
	} {
		t.Run(name, func(t *testing.T) {
			j, object := taken(t, "tekton"), some(redisKind)
			object.SetNamespace("shop")
			object.SetName("sessions")
			object.Object["status"] = map[string]any{"kratix": map[string]any{"workflows": map[string]any{"pipelines": []any{
				map[string]any{"name": "render", "phase": test.phase, "lastTransitionTime": test.since},
			}}}}
			w := newWorld(t, slots.Limits{}, j, object)
			w.now = made.Add(time.Second)
			again := w.look(t, j).RequeueAfter
			assert.Equal(t, test.runs, w.run(t, j) != nil)
			assert.Equal(t, !test.runs, again == look)
		})
	}
}

// TestObjectIsNotReadInVain: without a slot, and after the time of Kratix, it decides nothing.
func TestObjectIsNotReadInVain(t *testing.T) {
	first, second := taken(t, "tekton"), taken(t, "tekton", another("second"))
	w := newWorld(t, slots.Limits{Total: 1}, first, second)
	w.now = made.Add(2 * time.Second)
	w.look(t, first)
	assert.NotContains(t, w.asked, "get Redis", "its time is over")
	w.now = made.Add(time.Second)
	w.look(t, second)
	assert.NotContains(t, w.asked, "get Redis", "it has no slot")
}

// TestObjectUnknown: a Job that does not name its object well waits for as long as Kratix may take.
func TestObjectUnknown(t *testing.T) {
	for name, annotations := range map[string]map[string]string{
		"nothing is said": nil,
		"no such kind":    {"kratix.io/job-resource-kind": "Gone", "kratix.io/job-resource-api-version": "example.org/v7", "kratix.io/job-resource-name": "sessions"},
	} {
		t.Run(name, func(t *testing.T) {
			j := taken(t, "tekton", func(j *batchv1.Job) { j.Annotations = annotations })
			w := newWorld(t, slots.Limits{}, j)
			assert.Equal(t, 2*time.Second, w.look(t, j).RequeueAfter)
			w.now = made.Add(2 * time.Second)
			w.look(t, j)
			assert.NotNil(t, w.run(t, j))
		})
	}
}
