// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

const (
	idle   = "active 0 succeeded 0 failed 0"
	active = "active 1 succeeded 0 failed 0"
	done   = "active 0 succeeded 1 failed 0 SuccessCriteriaMet Complete"
	failed = "active 0 succeeded 0 failed 1 FailureTarget Failed"
)

// TestJobRuns from the first look to the end, on Tekton.
func TestJobRuns(t *testing.T) {
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{}, j)
	assert.Positive(t, w.look(t, j).RequeueAfter, "Kratix has not written the status of the object yet")
	assert.Equal(t, idle, w.status(t, j))
	assert.Nil(t, w.run(t, j))

	w.now = made.Add(2 * time.Second)
	w.look(t, j)
	run := w.run(t, j)
	require.NotNil(t, run)
	owner := metav1.GetControllerOfNoCopy(run)
	require.NotNil(t, owner)
	assert.Equal(t, j.UID, owner.UID)

	w.says(t, j, condition("Unknown", "Running"))
	w.look(t, j)
	assert.Equal(t, active, w.status(t, j))
	w.says(t, j, condition("True", "Succeeded"))
	w.look(t, j)
	assert.Equal(t, done, w.status(t, j))

	require.NoError(t, w.api.Delete(t.Context(), run))
	w.look(t, j)
	assert.Nil(t, w.run(t, j), "a pruner may take it after the end")
	held, waiting := w.Slots.Active()
	assert.Zero(t, held+waiting)
	assert.Empty(t, w.said)
}

// TestRightsOfArgo go with the account that has them, as the Job's own rights do.
func TestRightsOfArgo(t *testing.T) {
	j := taken(t, "argo")
	w := newWorld(t, slots.Limits{}, j, account())
	w.now = made.Add(2 * time.Second)
	w.look(t, j)
	require.NotNil(t, w.run(t, j))
	for _, o := range []client.Object{&rbacv1.Role{}, &rbacv1.RoleBinding{}} {
		require.NoError(t, w.api.Get(t.Context(), types.NamespacedName{Namespace: "shop", Name: "redis-editor-argo"}, o))
		assert.Equal(t, []metav1.OwnerReference{{APIVersion: "v1", Kind: "ServiceAccount", Name: "redis-editor", UID: "account"}}, o.GetOwnerReferences())
	}
}

// TestFailureHasItsLog: kubectl describe job shows what the container said last.
func TestFailureHasItsLog(t *testing.T) {
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{}, j)
	w.now = made.Add(2 * time.Second)
	w.look(t, j)
	status := condition("False", "Failed")
	status["podName"] = j.Name + "-pod"
	status["steps"] = []any{map[string]any{"name": "reader", "container": "step-reader", "terminated": map[string]any{"exitCode": int64(7), "reason": "Error"}}}
	w.pod(t, j, corev1.PodFailed, corev1.ContainerStatus{Name: "step-reader", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 7, Reason: "Error"}}})
	w.says(t, j, status)
	w.look(t, j)
	assert.Equal(t, failed, w.status(t, j))
	assert.Contains(t, w.message(t, j), "exit code 7")
	assert.Contains(t, w.message(t, j), "no such template")
	require.Len(t, w.said, 1)
	assert.Contains(t, w.said[0], "BackoffLimitExceeded: ")
	assert.Contains(t, w.said[0], "exit code 7")
	assert.NotContains(t, w.said[0], "no such template", "Events have no log")
}

// TestUnknownRunKeepsItsSlot: a cache that cannot be read says nothing of a run that is active.
func TestUnknownRunKeepsItsSlot(t *testing.T) {
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{Total: 1}, j)
	w.now = made.Add(2 * time.Second)
	w.look(t, j)
	w.says(t, j, condition("Unknown", "Running"))
	w.look(t, j)
	stopped := errors.New("the cache has stopped")
	w.list = func(client.ObjectList) error { return stopped }
	_, err := w.Reconcile(t.Context(), keyOf(j, j.Name))
	require.ErrorIs(t, err, stopped)
	held, _ := w.Slots.Active()
	assert.Equal(t, 1, held)
}

// TestEngineUnlisted: the conversion webhook of one engine is down, and the other one goes on.
func TestEngineUnlisted(t *testing.T) {
	first, second := taken(t, "tekton"), taken(t, "argo", another("second"))
	w := newWorld(t, slots.Limits{}, first, second, account())
	w.now = made.Add(2 * time.Second)
	w.list = func(list client.ObjectList) error {
		if list.GetObjectKind().GroupVersionKind().Kind == "Workflow" {
			return fmt.Errorf("%w: its webhook is down", engine.ErrUnlisted)
		}
		return nil
	}
	w.look(t, first)
	assert.NotNil(t, w.run(t, first))
	assert.Equal(t, poll, w.look(t, second).RequeueAfter)
	assert.Equal(t, []string{"EngineNotListed: " + engine.ErrUnlisted.Error() + ": its webhook is down"}, w.said)
	w.list = nil
	w.look(t, second)
	assert.NotNil(t, w.run(t, second))
}

// TestNotCompilable names the field.
func TestNotCompilable(t *testing.T) {
	j := taken(t, "tekton", func(j *batchv1.Job) { j.Spec.Template.Spec.HostNetwork = true })
	w := newWorld(t, slots.Limits{}, j)
	w.look(t, j)
	assert.Equal(t, failed, w.status(t, j))
	assert.Contains(t, w.message(t, j), "NotCompilable: spec.template.spec.hostNetwork")
	assert.Len(t, w.said, 1)
}

// TestRefusals: what the API server will never take fails the Job; a quota is tried again, and
// others get the slot.
func TestRefusals(t *testing.T) {
	kind := schema.GroupKind{Group: "tekton.dev", Kind: "TaskRun"}
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{}, j)
	w.now = made.Add(2 * time.Second)
	w.create = func(client.Object) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "taskruns"}, j.Name, errors.New("exceeded quota"))
	}
	_, err := w.Reconcile(t.Context(), keyOf(j, j.Name))
	require.ErrorContains(t, err, "exceeded quota")
	assert.Equal(t, idle, w.status(t, j))
	require.Len(t, w.said, 1)
	assert.Contains(t, w.said[0], "RunNotCreated: create TaskRun")
	held, _ := w.Slots.Active()
	assert.Zero(t, held)

	w.create = func(client.Object) error { return apierrors.NewInvalid(kind, j.Name, nil) }
	w.look(t, j)
	assert.Equal(t, failed, w.status(t, j))
	assert.Contains(t, w.message(t, j), "the API server refuses TaskRun")
}

// TestSlots: the second Job runs when the first has ended.
func TestSlots(t *testing.T) {
	first, second := taken(t, "tekton"), taken(t, "tekton", another("second"))
	w := newWorld(t, slots.Limits{Total: 1}, first, second)
	w.now = made.Add(2 * time.Second)
	w.look(t, first)
	w.says(t, first, condition("Unknown", "Running"))
	w.look(t, first)
	w.look(t, second)
	assert.Nil(t, w.run(t, second))

	w.restart(slots.Limits{Total: 1})
	w.look(t, second)
	assert.Nil(t, w.run(t, second), "a new process knows of the first run")

	w.says(t, first, condition("True", "Succeeded"))
	w.look(t, first)
	w.look(t, second)
	assert.NotNil(t, w.run(t, second))
	require.NoError(t, w.api.Delete(t.Context(), second))
	w.look(t, second)
	held, waiting := w.Slots.Active()
	assert.Zero(t, held+waiting, "a Job that is gone has no slot")
}

// TestOneJobHasOneSlot, whatever labels somebody gives to it, or to a Pod that claims to be of its run.
func TestOneJobHasOneSlot(t *testing.T) {
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{Total: 1}, j)
	w.now = made.Add(2 * time.Second)
	w.look(t, j)
	w.says(t, j, condition("Unknown", "Running"))
	w.look(t, j)
	wired := &wiring{engines: w.Engines}
	for _, promise := range []string{"first", "second"} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Namespace: j.Namespace, Name: promise, Labels: map[string]string{"kratix.io/promise-name": promise},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "tekton.dev/v1", Kind: "TaskRun", Name: j.Name, Controller: new(true)}},
		}}
		relabelled := &batchv1.Job{}
		require.NoError(t, w.api.Get(t.Context(), client.ObjectKeyFromObject(j), relabelled))
		relabelled.Labels["kratix.io/promise-name"] = "other-" + promise
		require.NoError(t, w.api.Update(t.Context(), relabelled))
		for _, k := range append(wired.podToJob(t.Context(), pod), toJob(t.Context(), relabelled)...) {
			_, err := w.Reconcile(t.Context(), k)
			require.NoError(t, err)
		}
	}
	held, _ := w.Slots.Active()
	assert.Equal(t, 1, held)

	w.says(t, j, condition("True", "Succeeded"))
	w.look(t, j)
	held, _ = w.Slots.Active()
	assert.Zero(t, held)
}

// TestCacheBehind: the end of the Job is written and its run pruned, and the cache shows neither.
func TestCacheBehind(t *testing.T) {
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{}, j)
	w.now = made.Add(2 * time.Second)
	w.look(t, j)
	old := &batchv1.Job{}
	require.NoError(t, w.api.Get(t.Context(), client.ObjectKeyFromObject(j), old))
	w.says(t, j, condition("True", "Succeeded"))
	w.look(t, j)
	require.NoError(t, w.api.Delete(t.Context(), w.run(t, j)))
	w.cached = func(o client.Object) {
		if shown, ok := o.(*batchv1.Job); ok {
			*shown = *old.DeepCopy()
		}
	}
	w.look(t, j)
	assert.Equal(t, done, w.status(t, j))
	assert.Nil(t, w.run(t, j))
	assert.Equal(t, 1, w.created)
}

// TestEngineMissing waits, and says for what.
func TestEngineMissing(t *testing.T) {
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{}, j)
	w.Engines = w.Engines[1:]
	assert.Equal(t, poll, w.look(t, j).RequeueAfter)
	require.Len(t, w.said, 1)
	assert.Contains(t, w.said[0], "EngineMissing: ")
	assert.Equal(t, idle, w.status(t, j))
}

// TestOthersAreLeftAlone: Kubernetes, or another manager, runs them.
func TestOthersAreLeftAlone(t *testing.T) {
	for _, manager := range []*string{nil, new("kueue.x-k8s.io/multikueue")} {
		j := taken(t, "tekton", func(j *batchv1.Job) { j.Spec.ManagedBy = manager })
		w := newWorld(t, slots.Limits{}, j)
		w.left = 0
		w.look(t, j)
	}
}

// TestKilled kills the process at each of its writes, once before the API server has it and once
// after that, in a life with a suspension. No run is lost, and none is there twice.
func TestKilled(t *testing.T) {
	for _, reached := range []bool{false, true} {
		for kill := range 10 {
			j := taken(t, "tekton")
			w := newWorld(t, slots.Limits{Total: 1}, j)
			w.left, w.reached = kill, reached
			w.now = made.Add(2 * time.Second)
			w.settle(t, j)
			w.says(t, j, condition("Unknown", "Running"))
			w.settle(t, j)
			w.suspend(t, j, true)
			w.settle(t, j)
			w.says(t, j, condition("False", "TaskRunCancelled"))
			w.settle(t, j)
			assert.Equal(t, idle+" Suspended", w.status(t, j))
			w.suspend(t, j, false)
			w.settle(t, j)
			w.says(t, j, condition("True", "Succeeded"))
			w.settle(t, j)
			assert.Equal(t, done, w.status(t, j), "killed at write %d", kill)
			assert.Equal(t, 2, w.created, "one run before the suspension and one after it; killed at write %d", kill)
			held, waiting := w.Slots.Active()
			assert.Zero(t, held+waiting)
		}
	}
}

// settle reconciles until nothing changes, and starts the program again if it was killed.
func (w *world) settle(t *testing.T, j *batchv1.Job) {
	t.Helper()
	for range 6 {
		_, err := w.Reconcile(t.Context(), keyOf(j, j.Name))
		if errors.Is(err, errKilled) {
			w.left = -1
			w.restart(slots.Limits{Total: 1})
			continue
		}
		require.NoError(t, err)
	}
}
