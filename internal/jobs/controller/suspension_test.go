// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

// TestSuspension cancels the run, waits for its Pod, and begins anew afterwards.
func TestSuspension(t *testing.T) {
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{Total: 1}, j)
	w.now = made.Add(2 * time.Second)
	w.look(t, j)
	w.says(t, j, condition("Unknown", "Running"))
	w.pod(t, j, corev1.PodRunning)
	w.suspend(t, j, true)
	w.look(t, j)
	assert.Equal(t, "TaskRunCancelled", w.run(t, j).Object["spec"].(map[string]any)["status"])
	w.says(t, j, condition("False", "TaskRunCancelled"))
	w.look(t, j)
	assert.Equal(t, active, w.status(t, j), "the Pod has not ended")
	w.pod(t, j, corev1.PodFailed)
	w.look(t, j)
	assert.Equal(t, idle+" Suspended", w.status(t, j))
	held, _ := w.Slots.Active()
	assert.Zero(t, held)

	first := w.run(t, j).GetUID()
	w.suspend(t, j, false)
	w.look(t, j) // deletes the old run
	w.noPod(t, j)
	w.look(t, j)
	require.NotNil(t, w.run(t, j))
	assert.NotEqual(t, first, w.run(t, j).GetUID())
	assert.Equal(t, idle, w.status(t, j))
}

// TestShortSuspension is over before the run has ended, which was cancelled for it: the Job begins anew.
func TestShortSuspension(t *testing.T) {
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{}, j)
	w.now = made.Add(2 * time.Second)
	w.look(t, j)
	w.says(t, j, condition("Unknown", "Running"))
	w.pod(t, j, corev1.PodRunning)
	w.suspend(t, j, true)
	w.look(t, j) // cancels the run
	w.suspend(t, j, false)
	w.look(t, j)
	w.says(t, j, condition("False", "TaskRunCancelled"))
	w.pod(t, j, corev1.PodFailed)
	w.look(t, j) // deletes it
	assert.Equal(t, active, w.status(t, j))
	w.noPod(t, j)
	w.look(t, j)
	assert.Equal(t, 2, w.created)
	w.says(t, j, condition("True", "Succeeded"))
	w.look(t, j)
	assert.Equal(t, done, w.status(t, j))
}

// TestSuspendedWithoutEngine: nothing of the Job runs, and Kratix begins anew, with another engine maybe. It would wait
// for ever for a Job that does not say so.
func TestSuspendedWithoutEngine(t *testing.T) {
	for name, unserved := range map[string]func(w *world){
		"it has never been there": func(w *world) {
			w.list = func(client.ObjectList) error { return w.Engines[0].Missing() }
		},
		"it has gone": func(w *world) {
			w.liveGet = func(o client.Object) error {
				if _, job := o.(*batchv1.Job); job {
					return nil
				}
				return apierrors.NewGenericServerResponse(http.StatusNotFound, "get", schema.GroupResource{}, o.GetName(), "404 page not found", 0, true)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			j := taken(t, "tekton")
			w := newWorld(t, slots.Limits{}, j)
			w.now = made.Add(2 * time.Second)
			w.look(t, j)
			w.says(t, j, condition("Unknown", "Running"))
			w.look(t, j)
			require.NoError(t, w.api.Delete(t.Context(), w.run(t, j))) // with its kind
			unserved(w)
			assert.Equal(t, poll, w.look(t, j).RequeueAfter)
			require.NotEmpty(t, w.said)
			assert.Contains(t, w.said[0], "EngineMissing: ")

			w.suspend(t, j, true)
			w.look(t, j)
			assert.Equal(t, idle+" Suspended", w.status(t, j))
		})
	}
}

// TestEngineThatNeverEnds a run that was told to end, such as one that is down: Kratix goes on after a minute.
func TestEngineThatNeverEnds(t *testing.T) {
	j := taken(t, "argo")
	w := newWorld(t, slots.Limits{}, j, account())
	w.now = made.Add(2 * time.Second)
	w.look(t, j)
	w.suspend(t, j, true)
	assert.Equal(t, 15*time.Second, w.look(t, j).RequeueAfter)
	assert.Equal(t, time.Minute, w.look(t, j).RequeueAfter)
	assert.Equal(t, active, w.status(t, j))
	w.now = w.now.Add(time.Minute)
	w.look(t, j)
	assert.Equal(t, idle+" Suspended", w.status(t, j))
	require.Len(t, w.said, 1)
	assert.Contains(t, w.said[0], "RunAbandoned: ")
	held, _ := w.Slots.Active()
	assert.Zero(t, held)
}

// TestSuspendedWithForeignObject of the run's name, which somebody keeps: no run is created, and Kratix need not wait.
func TestSuspendedWithForeignObject(t *testing.T) {
	j := taken(t, "tekton", func(j *batchv1.Job) { j.Spec.Suspend = new(true) })
	theirs := some(schema.GroupVersionKind{Group: "tekton.dev", Version: "v1", Kind: "TaskRun"})
	theirs.SetNamespace(j.Namespace)
	theirs.SetName(j.Name)
	theirs.SetFinalizers([]string{"example.org/audit"})
	w := newWorld(t, slots.Limits{}, j, theirs)
	require.NoError(t, w.api.Delete(t.Context(), theirs))
	w.look(t, j)
	assert.Equal(t, idle+" Suspended", w.status(t, j))
	assert.NotNil(t, w.run(t, j))
}
