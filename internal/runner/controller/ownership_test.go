// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// evil is what the harvest of a forged run brings.
var evil = map[string]string{"output/evil.yaml": "kind: ClusterRoleBinding"}

// forge makes what a tenant can make who has read a genuine run: another object with
// its name, labels and annotations.
func (w *world) forge(t *testing.T, genuine *unstructured.Unstructured, namespace string, labels map[string]string) *unstructured.Unstructured {
	t.Helper()
	forged := genuine.DeepCopy()
	forged.SetNamespace(namespace)
	forged.SetUID("evil-uid")
	forged.SetResourceVersion("")
	all := forged.GetLabels()
	maps.Copy(all, labels)
	forged.SetLabels(all)
	require.NoError(t, w.api.Create(t.Context(), forged))
	return forged
}

// deliver asks the harvest server whose run a Pod of the forged one is of.
func (w *world) deliver(t *testing.T, run *unstructured.Unstructured) error {
	t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: run.GetNamespace(), Name: "pod-of-" + run.GetName(), UID: "pod-uid", OwnerReferences: []metav1.OwnerReference{
		{APIVersion: run.GetAPIVersion(), Kind: run.GetKind(), Name: run.GetName(), UID: run.GetUID(), Controller: new(true)},
	}}}
	require.NoError(t, client.IgnoreAlreadyExists(w.api.Create(t.Context(), pod)))
	_, err := (&harvest.PodRuns{Reader: w.api, Wanted: w.Wants}).Of(t.Context(), harvest.Caller{Namespace: pod.Namespace, Pod: pod.Name, PodUID: pod.UID})
	return err
}

// noEvil demands that no Work holds what the forged run has brought.
func (w *world) noEvil(t *testing.T) {
	t.Helper()
	works := &v1alpha1.WorkList{}
	require.NoError(t, w.api.List(t.Context(), works))
	assert.NotContains(t, strings.ToLower(fmt.Sprintf("%+v", works.Items)), "evil")
}

func TestForgedRunOfAPromise(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("promise", "configure", "own")), served(), namespace(system), namespace("evil"))
	for range 2 {
		_, err := w.reconcilePromise(t)
		require.NoError(t, err)
	}
	genuine := w.runs(t, system)[0]
	forged := w.forge(t, &genuine, "evil", nil)
	require.ErrorIs(t, w.deliver(t, forged), harvest.ErrSuperseded)
	w.harvest(t, forged, evil) // as if the harvest server had taken it
	_, err := w.reconcilePromise(t)
	require.NoError(t, err)
	w.noEvil(t)
	current, _ := progress.Read(newObject(w.promise(t)).status()).Current()
	assert.Equal(t, progress.PhaseRunning, current.Phase)
	require.NoError(t, w.deliver(t, &genuine), "and the genuine one still delivers")
}

func TestForgedRunOfARequest(t *testing.T) {
	for name, in := range map[string]string{"own namespace": "a", "pipelineNamespace": "pipelines"} {
		t.Run(name, func(t *testing.T) {
			var changes []change
			if in != "a" {
				changes = append(changes, runsIn(in))
			}
			w := newWorld(t, promise(t, changes...), thing(t, "a", "one"), namespace("a"), namespace("pipelines"), namespace("evil"))
			w.step(t, "a", "one")
			genuine := w.run(t, in, "a", "one")
			forged := w.forge(t, genuine, "evil", map[string]string{v1alpha1.LabelResourceNamespace: "a"})
			require.ErrorIs(t, w.deliver(t, forged), harvest.ErrSuperseded)
			w.harvest(t, forged, evil)
			w.step(t, "a", "one")
			w.noEvil(t)
			require.NoError(t, w.deliver(t, genuine))
		})
	}
}

// TestRunNamedByTheStatus: a container writes into the status of its own object that it awaits the
// run of another one. That run is old enough to be deleted if it were the object's.
func TestRunNamedByTheStatus(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("resource", "configure", "one")), thing(t, "a", "victim"), thing(t, "b", "thief"), namespace("a"), namespace("b"))
	w.Options = func() plan.Options {
		opts := plan.Defaults()
		opts.Config.NumberOfJobsToKeep = new(1)
		return opts
	}
	w.step(t, "a", "victim")
	victim := w.run(t, "a", "a", "victim")
	w.harvest(t, victim, small)
	w.succeed(t, victim)
	w.step(t, "a", "victim")
	w.step(t, "b", "thief")
	w.succeed(t, w.run(t, "b", "b", "thief"))
	o := newObject(w.thing(t, "b", "thief"))
	status := progress.Read(o.status())
	status.Pipelines[0].Run, status.Pipelines[0].RunNamespace, status.Pipelines[0].RunUID = victim.GetName(), "a", string(victim.GetUID())
	status.Write(o.status())
	require.NoError(t, w.api.Status().Update(t.Context(), o.Unstructured))
	for range 3 {
		w.step(t, "b", "thief")
	}
	current, _ := w.workflow(t, "b", "thief").Current()
	require.Equal(t, progress.PhaseRunning, current.Phase)
	assert.Equal(t, "b", current.RunNamespace, "it has another run of its own")
	assert.Len(t, w.runs(t, "a"), 1, "the run of the other object is there")
}

// TestReplacedRun: a tenant deletes the run in the own namespace and gives its name, labels and
// annotations to another one.
func TestReplacedRun(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	genuine := w.run(t, "a", "a", "one")
	w.delete(t, genuine)
	forged := w.forge(t, genuine, "a", nil)
	require.ErrorIs(t, w.deliver(t, forged), harvest.ErrSuperseded)
	w.harvest(t, forged, evil)
	w.step(t, "a", "one")
	w.noEvil(t)
	current, _ := w.workflow(t, "a", "one").Current()
	assert.NotEqual(t, genuine.GetName(), current.Run, "another one has been started, under another name")
	assert.Contains(t, strings.Join(w.notes.all, "\n"), "somebody has deleted its run "+genuine.GetName())
}

// TestTakenName: somebody has read the name in the status before the run was there.
func TestTakenName(t *testing.T) {
	first := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	first.step(t, "a", "one")
	planned := first.run(t, "a", "a", "one")
	for name, annotations := range map[string]map[string]string{"no seal": nil, "an invented one": {"kratix-compile.io/seal": "uid-a-one.00"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
			planned.SetAnnotations(annotations)
			forged := w.forge(t, planned, "a", nil)
			require.Error(t, w.deliver(t, forged))
			w.step(t, "a", "one")
			current, _ := w.workflow(t, "a", "one").Current()
			assert.Equal(t, progress.PhaseFailed, current.Phase)
			assert.Contains(t, current.Message, "TaskRun "+planned.GetName()+": it is there already and this runner has not made it; delete it")
			active, _ := w.Slots.Active()
			assert.Zero(t, active)
			w.noEvil(t)
		})
	}
}

// TestTakenAtTheLastMoment: somebody has copied even the seal before the run is there. At a first
// try the runner takes no run for its own that it finds.
func TestTakenAtTheLastMoment(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	var forged *unstructured.Unstructured
	w.create = func(o client.Object) error {
		if run, ok := o.(*unstructured.Unstructured); ok && run.GetKind() == "TaskRun" && forged == nil {
			forged = run.DeepCopy()
			forged.SetUID("evil-uid")
			return w.api.Create(t.Context(), forged)
		}
		return nil
	}
	w.step(t, "a", "one")
	require.NotNil(t, forged)
	current, _ := w.workflow(t, "a", "one").Current()
	assert.Equal(t, progress.PhaseFailed, current.Phase)
	assert.Contains(t, current.Message, forged.GetName()+": it is there already and this runner has not made it")
	require.ErrorIs(t, w.deliver(t, forged), harvest.ErrSuperseded)
	w.step(t, "a", "one")
	w.noEvil(t)
}

// TestForeignRunsDoNotCount: a run of somebody else's that has our labels, and that fails or never
// ends, keeps nothing from starting and lets nothing fail.
func TestForeignRunsDoNotCount(t *testing.T) {
	for name, status := range map[string]map[string]any{
		"never ends": {},
		"fails":      {"phase": "Failed", "message": "evil"},
	} {
		for _, kind := range []schema.GroupVersionKind{workflowKind, taskRunKind} {
			t.Run(name+" "+kind.Kind, func(t *testing.T) {
				w := newWorld(t, promise(t, pipelines("promise", "configure", "own")), served(), namespace(system), namespace("evil"))
				foreign := some(kind)
				foreign.SetNamespace("evil")
				foreign.SetName("never")
				foreign.SetLabels(map[string]string{v1alpha1.LabelPromise: "things", v1alpha1.LabelWorkflowType: "promise"})
				foreign.Object["status"] = status
				require.NoError(t, w.api.Create(t.Context(), foreign))
				for range 2 {
					_, err := w.reconcilePromise(t)
					require.NoError(t, err)
				}
				assert.Len(t, w.runs(t, system), 1)
				left := w.get(t, kind, "evil", "never")
				cancelled, _, _ := unstructured.NestedMap(left.Object, "spec")
				assert.Empty(t, cancelled, "and nobody touches it")

				w.delete(t, w.promise(t))
				for range 5 {
					_, err := w.reconcilePromise(t)
					require.NoError(t, err)
				}
				assert.Nil(t, w.promise(t))
				assert.NotNil(t, w.get(t, kind, "evil", "never"))
			})
		}
	}
}

// TestCrashBeforeTheRunIsNoted: the runner is killed between the creation of a run and the
// status that says which object it is. The next one finds it, and runs nothing twice.
func TestCrashBeforeTheRunIsNoted(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.saveStatus = func(o *unstructured.Unstructured) error {
		if p, _ := progress.Read(newObject(o).status()).Current(); p.RunUID != "" {
			return assert.AnError
		}
		return nil
	}
	_, err := w.reconcile(t, "a", "one")
	require.ErrorIs(t, err, assert.AnError)
	run := w.run(t, "a", "a", "one")
	require.ErrorIs(t, w.deliver(t, run), errUnnoted, "it is asked to come back")

	w.saveStatus = nil
	w.step(t, "a", "one")
	current, _ := w.workflow(t, "a", "one").Current()
	assert.Equal(t, string(run.GetUID()), current.RunUID)
	assert.Len(t, w.runs(t, "a"), 1)
}

// TestLostStatus: after somebody has emptied the status, the next run has another name than those
// before.
func TestLostStatus(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	before := w.run(t, "a", "a", "one")
	w.succeed(t, before)
	lost := w.thing(t, "a", "one")
	delete(lost.Object, "status")
	require.NoError(t, w.api.Status().Update(t.Context(), lost))
	w.step(t, "a", "one")
	current, _ := w.workflow(t, "a", "one").Current()
	assert.Equal(t, progress.PhaseRunning, current.Phase, current.Message)
	assert.NotEqual(t, before.GetName(), current.Run)
}
