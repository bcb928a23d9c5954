// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

var crdKind = schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}

// TestRequestsGoBeforeTheirPromise, also in a process that has not watched them yet.
func TestRequestsGoBeforeTheirPromise(t *testing.T) {
	w := newWorld(t, promise(t, deleting(slices.Concat(finalizersAlways, finalizersAPI)...)), served(),
		thing(t, "a", "one", finalized(finalizersRequest...)), namespace("a"))
	w.restart()

	_, err := w.reconcilePromise(t)
	require.NoError(t, err)
	require.NotNil(t, w.promise(t))
	require.NotNil(t, w.get(t, crdKind, "", crdName), "with it the API server would delete the request, and nobody could let it go")
	request := w.thing(t, "a", "one")
	require.NotNil(t, request)
	assert.NotNil(t, request.GetDeletionTimestamp())

	w.step(t, "a", "one")
	assert.Nil(t, w.thing(t, "a", "one"))
	for range 2 {
		_, err = w.reconcilePromise(t)
		require.NoError(t, err)
	}
	assert.Nil(t, w.get(t, crdKind, "", crdName))
	assert.Nil(t, w.promise(t))
}

// TestTheLastWorkflowOfAPromiseWaits for the runs of its requests: they may use what it removes.
func TestTheLastWorkflowOfAPromiseWaits(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("promise", "delete", "bye"), finalized(append(finalizers(newObject(promise(t))), v1alpha1.FinalizerDeleteWorkflows)...)),
		served(), thing(t, "a", "one"), namespace("a"), namespace(system))
	w.step(t, "a", "one")
	run := w.run(t, "a", "a", "one")
	w.delete(t, w.promise(t))
	assert.Equal(t, poll, w.reconciledPromise(t).RequeueAfter)
	assert.Empty(t, w.runs(t, system), "the request has a run")
	waits := progress.GetCondition(newObject(w.promise(t)).status(), progress.ConditionReconciled)
	assert.Contains(t, waits.Message, "TaskRun a/"+run.GetName())

	w.harvest(t, run, small)
	w.succeed(t, run)
	w.step(t, "a", "one")
	assert.Len(t, w.runs(t, "a"), 1, "the second Pipeline does not start")
	w.reconciledPromise(t)
	assert.Len(t, w.runs(t, system), 1)
}

// TestTheLastWorkflowOfAPromiseDoesNotWait for a run whose results are safe, although its engine never
// ends it.
func TestTheLastWorkflowOfAPromiseDoesNotWait(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("resource", "configure", "one"), pipelines("promise", "delete", "bye"), finalized(append(finalizers(newObject(promise(t))), v1alpha1.FinalizerDeleteWorkflows)...)),
		served(), thing(t, "a", "one"), namespace("a"), namespace(system))
	w.finish(t, "one")
	w.delete(t, w.promise(t))
	w.reconciledPromise(t)
	assert.Len(t, w.runs(t, system), 1)
}

// TestFinalizerOfAnEmptyWorkflow: promise.delete was there, and then edited away.
func TestFinalizerOfAnEmptyWorkflow(t *testing.T) {
	w := newWorld(t, promise(t, deleting(append([]string{v1alpha1.FinalizerDeleteWorkflows}, finalizersAlways...)...)))
	_, err := w.reconcilePromise(t)
	require.NoError(t, err)
	assert.Nil(t, w.promise(t))
}

// TestWhatNeverRanCanGo however broken it is.
func TestWhatNeverRanCanGo(t *testing.T) {
	for name, broken := range map[string][]change{
		"a Pipeline that does not compile": {miswritten("promise", "delete"), miswritten("resource", "delete")},
		"another workflow that does not":   {miswritten("resource", "configure")},
		"an engine that there is not":      {annotated(AnnotationEngine, "jenkins")},
	} {
		changes := append([]change{pipelines("promise", "delete", "bye"), pipelines("resource", "delete", "bye")}, broken...)
		t.Run("Promise, "+name, func(t *testing.T) {
			w := newWorld(t, promise(t, append(changes, deleting(append([]string{v1alpha1.FinalizerDeleteWorkflows}, finalizersAlways...)...))...))
			_, err := w.reconcilePromise(t)
			require.NoError(t, err)
			assert.Nil(t, w.promise(t))
		})
		t.Run("request, "+name, func(t *testing.T) {
			w := newWorld(t, promise(t, changes...), thing(t, "a", "one", deleting(finalizersRequest...)), namespace("a"))
			w.step(t, "a", "one")
			assert.Nil(t, w.thing(t, "a", "one"))
		})
	}
}

// TestWhatRanSaysGoodbye: it may have made things that only its delete workflow removes.
func TestWhatRanSaysGoodbye(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("resource", "delete", "bye")), thing(t, "a", "one"), namespace("a"))
	w.complete(t, "one")
	w.edit(t, w.promise(t), miswritten("resource", "delete"))
	w.delete(t, w.thing(t, "a", "one"))
	w.step(t, "a", "one")

	request := w.thing(t, "a", "one")
	require.NotNil(t, request)
	reconciled := progress.GetCondition(newObject(request).status(), progress.ConditionReconciled)
	assert.Equal(t, "False", reconciled.Status)
	assert.Contains(t, reconciled.Message, "Pipelin")
}

// notServed is a cluster without an engine.
func notServed(missing schema.GroupVersionKind) func(schema.GroupVersionKind) (bool, error) {
	return func(kind schema.GroupVersionKind) (bool, error) {
		if kind == missing {
			return false, &meta.NoKindMatchError{GroupKind: kind.GroupKind(), SearchedVersions: []string{kind.Version}}
		}
		return true, nil
	}
}

func TestDeletionWithoutAnEngine(t *testing.T) {
	for _, missing := range []schema.GroupVersionKind{taskRunKind, workflowKind} {
		w := newWorld(t, promise(t), thing(t, "a", "one", deleting(finalizersRequest...)), namespace("a"))
		w.list = notServed(missing)
		w.step(t, "a", "one")
		assert.Nil(t, w.thing(t, "a", "one"), missing.Kind)
	}
}

func TestOnlyTheChosenEngineIsNeeded(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.list = notServed(workflowKind)
	w.step(t, "a", "one")
	assert.Len(t, w.runs(t, "a"), 1)

	w = newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.list = notServed(taskRunKind)
	w.step(t, "a", "one")
	reconciled := progress.GetCondition(newObject(w.thing(t, "a", "one")).status(), progress.ConditionReconciled)
	assert.Equal(t, "EngineMissing", reconciled.Reason)
}

// TestErrorsOfTheOtherEngineCount: it may have a run of the object.
func TestErrorsOfTheOtherEngineCount(t *testing.T) {
	away := errors.New("the API server is away")
	silent := func(kind schema.GroupVersionKind) (bool, error) {
		if kind == workflowKind {
			return false, away
		}
		return true, nil
	}
	t.Run("to start", func(t *testing.T) {
		w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
		w.list = silent
		_, err := w.reconcile(t, "a", "one")
		require.ErrorIs(t, err, away)
		assert.Empty(t, w.runs(t, "a"))
	})
	t.Run("to delete", func(t *testing.T) {
		w := newWorld(t, promise(t), thing(t, "a", "one", deleting(finalizersRequest...)), namespace("a"))
		w.list = silent
		_, err := w.reconcile(t, "a", "one")
		require.ErrorIs(t, err, away)
		assert.NotNil(t, w.thing(t, "a", "one"))
	})
}

// TestNotFoundOfSomethingElse: it is an error, and not the end of the object.
func TestNotFoundOfSomethingElse(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("resource", "delete", "bye"), runsIn("pipelines")),
		thing(t, "a", "one", deleting(finalizersRequest...)), namespace("a"))
	missing := apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "pipelines")
	w.EnsureNamespace = func(context.Context, string) error { return fmt.Errorf("put the CA there: %w", missing) }
	_, err := w.reconcile(t, "a", "one")
	require.ErrorIs(t, err, missing)
	assert.Contains(t, w.thing(t, "a", "one").GetFinalizers(), v1alpha1.FinalizerDeleteWorkflows)
}

// TestInputsGoWithTheirRuns: nothing else would delete them in another namespace.
func TestInputsGoWithTheirRuns(t *testing.T) {
	w := newWorld(t, promise(t, runsIn("pipelines")), thing(t, "a", "one"), namespace("a"), namespace("pipelines"))
	w.step(t, "a", "one")
	inputs := &corev1.ConfigMapList{}
	require.NoError(t, w.api.List(t.Context(), inputs, client.InNamespace("pipelines")))
	require.NotEmpty(t, inputs.Items)

	w.delete(t, w.thing(t, "a", "one"))
	w.step(t, "a", "one")
	require.Nil(t, w.thing(t, "a", "one"))
	require.NoError(t, w.api.List(t.Context(), inputs, client.InNamespace("pipelines")))
	assert.Empty(t, inputs.Items)
	assert.Empty(t, w.runs(t, "pipelines"))
}

// TestOldRunsGoWithTheirInputs, but for as many of each Pipeline as are to be kept.
func TestOldRunsGoWithTheirInputs(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.Options = func() plan.Options {
		opts := plan.Defaults()
		opts.Config.NumberOfJobsToKeep = new(1)
		return opts
	}
	for _, size := range []string{"large", "larger", "largest"} {
		w.edit(t, w.thing(t, "a", "one"), field(size, "spec", "size"))
		w.step(t, "a", "one")
		for range 2 {
			run := w.run(t, "a", "a", "one")
			w.harvest(t, run, small)
			w.succeed(t, run)
			w.step(t, "a", "one")
		}
	}
	var kept []string
	for _, run := range w.runs(t, "a") {
		kept = append(kept, plan.InputName(run.GetName()))
	}
	assert.Len(t, kept, 2)
	inputs := &corev1.ConfigMapList{}
	require.NoError(t, w.api.List(t.Context(), inputs, client.InNamespace("a")))
	var left []string
	for _, input := range inputs.Items {
		left = append(left, input.Name)
	}
	assert.ElementsMatch(t, kept, left)
}
