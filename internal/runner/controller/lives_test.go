// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// TestPassReachesEachRequestOnce, although somebody writes to one of them all the time.
func TestPassReachesEachRequestOnce(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("resource", "configure", "one")), served(), namespace("a"), thing(t, "a", "first"), thing(t, "a", "second"))
	w.finish(t, "first")
	w.finish(t, "second")
	for range 2 {
		_, err := w.reconcilePromise(t)
		require.NoError(t, err)
	}
	w.relabel(t, w.promise(t), progress.LabelReconcileResources, "true")
	usual := w.Client
	busy := interceptor.NewClient(w.api, interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			if o.GetName() == "second" {
				return apierrors.NewConflict(schema.GroupResource{Resource: "things"}, "second", errors.New("modified"))
			}
			return c.Patch(ctx, o, p, opts...)
		},
	})
	for range 3 {
		w.Client = busy
		_, err := w.reconcilePromise(t)
		require.NoError(t, err)
		w.Client = usual
		w.finish(t, "first")
	}
	assert.Equal(t, 2, w.workflow(t, "a", "first").Round, "it has started over once")
	assert.NotContains(t, w.promise(t).GetLabels(), progress.LabelReconcileResources)

	_, err := w.reconcilePromise(t)
	require.NoError(t, err)
	w.finish(t, "second")
	assert.Equal(t, 2, w.workflow(t, "a", "second").Round)

	w.relabel(t, w.promise(t), progress.LabelReconcileResources, "true")
	_, err = w.reconcilePromise(t)
	require.NoError(t, err)
	w.finish(t, "first")
	w.finish(t, "second")
	assert.Equal(t, []int{3, 3}, []int{w.workflow(t, "a", "first").Round, w.workflow(t, "a", "second").Round}, "the next pass")
}

// TestPassThatARequestCannotHear: a tenant has given a request as many annotations as it can have, or
// a policy of its namespace refuses every change. All others hear of the pass, and may start.
func TestPassThatARequestCannotHear(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "first", errors.New("a policy"))
	for name, c := range map[string]struct {
		refusal error
		of      []string
		pending bool
	}{
		"full":              {apierrors.NewInvalid(thingKind.GroupKind(), "first", nil), []string{"first"}, false},
		"forbidden":         {forbidden, []string{"first"}, false},
		"all are forbidden": {forbidden, []string{"first", "second"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, promise(t, pipelines("resource", "configure", "one")), served(), namespace("a"), thing(t, "a", "first"), thing(t, "a", "second"))
			w.finish(t, "first")
			w.finish(t, "second")
			for range 2 {
				_, err := w.reconcilePromise(t)
				require.NoError(t, err)
			}
			w.relabel(t, w.promise(t), progress.LabelReconcileResources, "true")
			w.edit(t, w.promise(t), field(int64(2), "metadata", "generation"))
			w.Client = interceptor.NewClient(w.api, interceptor.Funcs{
				Patch: func(ctx context.Context, api client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
					if slices.Contains(c.of, o.GetName()) {
						return c.refusal
					}
					return api.Patch(ctx, o, p, opts...)
				},
			})
			for range 2 {
				_, err := w.reconcilePromise(t)
				require.NoError(t, err)
			}
			assert.Equal(t, len(c.of) == 1, w.thing(t, "a", "second").GetAnnotations()[annotationPass] != "", "it has heard of the pass")
			observed, _, _ := unstructured.NestedInt64(w.promise(t).Object, "status", "observedGeneration")
			assert.EqualValues(t, 2, observed, "and may start")
			_, pending := pass(newObject(w.promise(t)))
			assert.Equal(t, c.pending, pending)
		})
	}
}

// TestPassBeforeRequestsAreLetIn: when a Promise is unpaused, a request that hears of the pass after
// its first run would run twice.
func TestPassBeforeRequestsAreLetIn(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("resource", "configure", "one")), served(), namespace("a"))
	for range 2 {
		_, err := w.reconcilePromise(t)
		require.NoError(t, err)
	}
	w.relabel(t, w.promise(t), progress.LabelPaused, "true")
	_, err := w.reconcilePromise(t)
	require.NoError(t, err)
	require.NoError(t, w.api.Create(t.Context(), thing(t, "a", "first")))
	w.relabel(t, w.promise(t), progress.LabelPaused, "")
	w.saveStatus = func(o *unstructured.Unstructured) error {
		if status := newObject(o).status(); o.GetKind() == "Promise" && progress.GetCondition(status, progress.ConditionAvailable).Status == "True" {
			assert.NotEmpty(t, w.thing(t, "a", "first").GetAnnotations()[annotationPass], "the request was told")
		}
		return nil
	}
	_, err = w.reconcilePromise(t)
	require.NoError(t, err)
	w.saveStatus = nil
	assert.NotEmpty(t, w.thing(t, "a", "first").GetAnnotations()[annotationPass])
	w.finish(t, "first")
	assert.Equal(t, 1, w.workflow(t, "a", "first").Round)
}

// TestDryRunSwitched on and off and on again leaves the Work in use alone, and none of a dry run.
func TestDryRunSwitched(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("resource", "configure", "one")), thing(t, "a", "one"), namespace("a"))
	w.finish(t, "one")
	inUse := w.works(t)
	require.Len(t, inUse, 1)
	for range 2 {
		w.relabel(t, w.thing(t, "a", "one"), v1alpha1.LabelDryRun, "true")
		w.finish(t, "one")
		assert.Len(t, w.works(t), 2, "one for each")

		w.relabel(t, w.thing(t, "a", "one"), v1alpha1.LabelDryRun, "")
		w.finish(t, "one")
		assert.Equal(t, inUse, w.works(t))
	}
}

// TestWorkThatGoes is not written into: its files would go with it.
func TestWorkThatGoes(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("resource", "configure", "one")), thing(t, "a", "one"), namespace("a"))
	w.finish(t, "one")
	deleted := &v1alpha1.Work{}
	key := client.ObjectKey{Namespace: "a", Name: w.works(t)[0]}
	require.NoError(t, w.api.Get(t.Context(), key, deleted))
	require.NoError(t, w.api.Delete(t.Context(), deleted)) // it stays: its files are still in the store
	w.relabel(t, w.thing(t, "a", "one"), progress.LabelManual, "true")
	w.step(t, "a", "one")
	w.harvest(t, w.run(t, "a", "a", "one"), small)
	for range 2 {
		w.step(t, "a", "one")
		require.NoError(t, w.api.Get(t.Context(), key, deleted))
		assert.Equal(t, "Waiting for Work "+key.Name+", which was deleted, to be gone with its files",
			progress.GetCondition(newObject(w.thing(t, "a", "one")).status(), progress.ConditionReconciled).Message)
	}
	deleted.Finalizers = nil
	require.NoError(t, w.api.Update(t.Context(), deleted))
	w.step(t, "a", "one")
	assert.Equal(t, []string{key.Name}, w.works(t), "a new one")
	_, more := w.workflow(t, "a", "one").Current()
	assert.False(t, more)
}

// TestNothingIsLeftOfAThousandLives: requests come and go, in their own namespace and in a
// shared one; runs are pruned, fail, are deleted and get lost; the runner crashes.
func TestNothingIsLeftOfAThousandLives(t *testing.T) {
	for in, changes := range map[string][]change{"own namespace": nil, "pipelineNamespace": {runsIn("pipelines")}} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			by := rand.New(rand.NewPCG(seed, 0))
			w := newWorld(t, promise(t, append(changes, pipelines("resource", "delete", "bye"))...), namespace("a"), namespace("pipelines"))
			for n := range lives {
				w.live(t, by, fmt.Sprint("life-", n))
			}
			w.collect(t)
			maps := &corev1.ConfigMapList{}
			require.NoError(t, w.api.List(t.Context(), maps))
			assert.Empty(t, maps.Items)
			assert.Empty(t, w.runs(t, ""))
			assert.Empty(t, w.works(t))
			active, waiting := w.Slots.Active()
			assert.Equal(t, []int{0, 0}, []int{active, waiting})
		})
	}
}

// live is one life, from the creation of a request to its end.
func (w *world) live(t *testing.T, by *rand.Rand, name string) {
	t.Helper()
	require.NoError(t, w.api.Create(t.Context(), thing(t, "a", name)))
	for range by.IntN(6) {
		w.happen(t, by, name)
	}
	w.delete(t, w.thing(t, "a", name))
	for range 20 {
		if w.thing(t, "a", name) == nil {
			break
		}
		w.endAll(t)
		w.step(t, "a", name)
		w.harvestAll(t)
		w.works(t)
	}
	require.Nil(t, w.thing(t, "a", name), "%s does not end: %v", name, w.notes.all)
	w.step(t, "a", name)
	w.notes.all = nil
	for _, in := range []string{"a", "pipelines"} {
		require.NoError(t, w.api.DeleteAllOf(t.Context(), &corev1.Pod{}, client.InNamespace(in)))
	}
}

// happen is what may come between.
func (w *world) happen(t *testing.T, by *rand.Rand, name string) {
	t.Helper()
	switch by.IntN(7) {
	case 0:
		w.harvestAll(t)
	case 1:
		w.endAll(t)
	case 2: // a pruner, or somebody who tidies up
		for _, run := range w.runs(t, "") {
			w.delete(t, &run)
		}
	case 3:
		w.relabel(t, w.thing(t, "a", name), progress.LabelManual, "true")
	case 4: // the runner is killed at its next write of a status
		w.saveStatus = func(*unstructured.Unstructured) error { return assert.AnError }
		_, _ = w.reconcile(t, "a", name)
		w.saveStatus = nil
	case 5:
		for _, run := range w.runs(t, "") {
			w.edit(t, &run, field(map[string]any{
				"completionTime": "2026-01-01T00:00:00Z",
				"conditions":     []any{map[string]any{"type": "Succeeded", "status": "False", "reason": "TaskRunTimeout"}},
			}, "status"))
		}
	default:
		w.step(t, "a", name)
	}
}

// harvestAll delivers what runs wait to deliver.
func (w *world) harvestAll(t *testing.T) {
	t.Helper()
	for _, run := range w.runs(t, "") {
		if err := w.deliver(t, &run); err == nil {
			w.harvest(t, &run, small)
		}
	}
}

// endAll ends all TaskRuns.
func (w *world) endAll(t *testing.T) {
	t.Helper()
	for _, run := range w.runs(t, "") {
		w.succeed(t, &run)
	}
}

// collect is the garbage collector of Kubernetes: what belongs to what is gone goes, too.
func (w *world) collect(t *testing.T) {
	t.Helper()
	maps := &corev1.ConfigMapList{}
	require.NoError(t, w.api.List(t.Context(), maps))
	for i := range maps.Items {
		owner := maps.Items[i].OwnerReferences
		if len(owner) == 1 && w.get(t, taskRunKind, maps.Items[i].Namespace, owner[0].Name) == nil {
			require.NoError(t, w.api.Delete(t.Context(), &maps.Items[i]))
		}
	}
}

// works are the names of all Works that are not being deleted. Those that are lose their finalizers.
func (w *world) works(t *testing.T) []string {
	t.Helper()
	list := &v1alpha1.WorkList{}
	require.NoError(t, w.api.List(t.Context(), list))
	var found []string
	for _, each := range list.Items {
		if each.DeletionTimestamp.IsZero() {
			found = append(found, each.Name)
		} else { // and its files have been removed
			each.Finalizers = nil
			require.NoError(t, w.api.Update(t.Context(), &each))
		}
	}
	return found
}

// relabel sets a label, or removes it with an empty value.
func (w *world) relabel(t *testing.T, o *unstructured.Unstructured, key, value string) {
	t.Helper()
	labels := o.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[key] = value
	if value == "" {
		delete(labels, key)
	}
	o.SetLabels(labels)
	w.edit(t, o)
}

// finish brings a request that has one Pipeline to the end of its workflow.
func (w *world) finish(t *testing.T, name string) {
	t.Helper()
	w.step(t, "a", name)
	if _, more := w.workflow(t, "a", name).Current(); !more {
		return
	}
	w.harvest(t, w.run(t, "a", "a", name), small)
	w.step(t, "a", name)
	_, more := w.workflow(t, "a", name).Current()
	require.False(t, more)
}
