// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

// TestForeignObject of the run's name is left alone, and the Job says so.
func TestForeignObject(t *testing.T) {
	j := taken(t, "tekton")
	theirs := some(schema.GroupVersionKind{Group: "tekton.dev", Version: "v1", Kind: "TaskRun"})
	theirs.SetNamespace(j.Namespace)
	theirs.SetName(j.Name)
	w := newWorld(t, slots.Limits{}, j, theirs)
	w.now = made.Add(2 * time.Second)
	w.look(t, j)
	assert.Equal(t, failed, w.status(t, j))
	assert.Contains(t, w.message(t, j), "RunNameTaken: namespace shop has an object of tekton called "+j.Name)
	assert.Len(t, w.said, 1)
	assert.NotNil(t, w.run(t, j))
}

// TestForeignObjectLeaves: the run is created when the object of its name has gone by itself.
func TestForeignObjectLeaves(t *testing.T) {
	j := taken(t, "tekton")
	theirs := some(schema.GroupVersionKind{Group: "tekton.dev", Version: "v1", Kind: "TaskRun"})
	theirs.SetNamespace(j.Namespace)
	theirs.SetName(j.Name)
	theirs.SetFinalizers([]string{"example.org/audit"})
	w := newWorld(t, slots.Limits{}, j, theirs)
	require.NoError(t, w.api.Delete(t.Context(), theirs))
	w.now = made.Add(2 * time.Second)
	assert.Equal(t, poll, w.look(t, j).RequeueAfter)
	assert.Equal(t, idle, w.status(t, j))
	require.Len(t, w.said, 1)
	assert.Contains(t, w.said[0], "RunNotCreated: TaskRun shop/"+j.Name+" has the name of the run: it is not of this Job, and about to go")

	there := w.run(t, j)
	there.SetFinalizers(nil)
	require.NoError(t, w.api.Update(t.Context(), there))
	w.look(t, j)
	require.NotNil(t, w.run(t, j))
	assert.True(t, ofJob(w.run(t, j)))
}

// TestSameNameAgain: the garbage collector has not deleted the run of the Job that had the name before.
func TestSameNameAgain(t *testing.T) {
	before := taken(t, "tekton", func(j *batchv1.Job) { another(j.Name)(j) })
	w := newWorld(t, slots.Limits{}, before)
	w.now = made.Add(2 * time.Second)
	w.look(t, before)
	require.NotNil(t, w.run(t, before))
	require.NoError(t, w.api.Delete(t.Context(), before))
	j := taken(t, "tekton")
	require.NoError(t, w.api.Create(t.Context(), j.DeepCopy()))

	assert.Equal(t, poll, w.look(t, j).RequeueAfter)
	assert.Equal(t, idle, w.status(t, j))
	require.NoError(t, w.api.Delete(t.Context(), w.run(t, j)))
	w.look(t, j)
	assert.Equal(t, j.UID, metav1.GetControllerOfNoCopy(w.run(t, j)).UID)
}

// TestPodOfTheRunBefore: somebody deletes the run, and its Pod takes a while to end. The Pods of both runs have one
// name, and Tekton takes the Pod that it finds for that of the new TaskRun, which fails with it.
func TestPodOfTheRunBefore(t *testing.T) {
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{}, j)
	w.now = made.Add(2 * time.Second)
	w.look(t, j)
	w.says(t, j, condition("Unknown", "Running"))
	w.pod(t, j, corev1.PodRunning)
	w.look(t, j)
	require.NoError(t, w.api.Delete(t.Context(), w.run(t, j)))
	assert.Equal(t, poll, w.look(t, j).RequeueAfter)
	assert.Nil(t, w.run(t, j))
	assert.Equal(t, active, w.status(t, j))
	require.Len(t, w.said, 1)
	assert.Contains(t, w.said[0], "RunNotCreated: the Pod shop/"+j.Name+"-pod is of the run before, and has a name that the next run needs")

	w.noPod(t, j)
	w.look(t, j)
	assert.NotNil(t, w.run(t, j))
}

// TestRelabelledRun is found all the same, and nothing is written in vain.
func TestRelabelledRun(t *testing.T) {
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{}, j)
	w.now = made.Add(2 * time.Second)
	w.look(t, j)
	w.says(t, j, condition("Unknown", "Running"))
	w.look(t, j)
	run := w.run(t, j)
	run.SetLabels(nil)
	require.NoError(t, w.api.Update(t.Context(), run))
	w.look(t, j) // the run is in no list of Submit any more
	w.left = 0
	w.look(t, j)
	w.left = -1
	w.says(t, j, condition("True", "Succeeded"))
	w.look(t, j)
	assert.Equal(t, done, w.status(t, j))
}
