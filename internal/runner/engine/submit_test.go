// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/seal"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// refusing answers with err when a run is to be created.
func refusing(err error) interceptor.Funcs {
	return interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			if o.GetObjectKind().GroupVersionKind().Kind == "TaskRun" {
				return err
			}
			return c.Create(ctx, o, opts...)
		},
	}
}

func TestSubmitTwice(t *testing.T) {
	api := cluster(t)
	e := tekton(t, api, api, interceptor.Funcs{})
	run, objects := compiled(t, e)
	seal.Key("ours").Put(&objects[len(objects)-1], "uid")
	require.NoError(t, e.Submit(t.Context(), objects))
	uid := objects[len(objects)-1].GetUID()
	objects[len(objects)-1].SetUID("")
	require.NoError(t, e.Resume(t.Context(), objects))
	assert.Equal(t, uid, objects[len(objects)-1].GetUID(), "it says which run that is, again")
	assert.Equal(t, []string{run.Name}, found(t, e, objects[len(objects)-1].GetLabels()))
}

// TestSubmitRefused tells what fails the Pipeline from what is worth another try.
func TestSubmitRefused(t *testing.T) {
	run := schema.GroupResource{Group: "tekton.dev", Resource: "taskruns"}
	for name, c := range map[string]struct {
		err              error
		refused, missing bool
	}{
		"invalid":           {err: apierrors.NewInvalid(schema.GroupKind{Kind: "TaskRun"}, "x", nil), refused: true},
		"bad request":       {err: apierrors.NewBadRequest("admission webhook denied the request"), refused: true},
		"too large":         {err: apierrors.NewRequestEntityTooLargeError("limit is 3145728"), refused: true},
		"quota":             {err: apierrors.NewForbidden(run, "x", errors.New("exceeded quota"))},
		"conflict":          {err: apierrors.NewConflict(run, "x", errors.New("again"))},
		"API server away":   {err: errors.New("connection refused")},
		"no namespace":      {err: apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "x")},
		"API not served":    {err: apierrors.NewNotFound(run, ""), missing: true},
		"API never watched": {err: &meta.NoKindMatchError{GroupKind: schema.GroupKind{Group: "tekton.dev", Kind: "TaskRun"}}, missing: true},
	} {
		t.Run(name, func(t *testing.T) {
			api := cluster(t)
			e := tekton(t, api, api, refusing(c.err))
			planned, objects := compiled(t, e)
			err := e.Submit(t.Context(), objects)
			require.Error(t, err)
			_, refused := errors.AsType[*engine.Refused](err)
			assert.Equal(t, c.refused, refused)
			assert.Equal(t, c.missing, errors.Is(err, engine.ErrMissing))
			if !c.missing {
				require.ErrorIs(t, err, c.err)
				assert.ErrorContains(t, err, "TaskRun "+planned.Name)
			}
			assert.Empty(t, found(t, e, objects[len(objects)-1].GetLabels()))
		})
	}
}

// TestSubmitWhereSomethingIs: a run of somebody else is not taken for ours, whatever it says.
func TestSubmitWhereSomethingIs(t *testing.T) {
	for name, forge := range map[string]func(theirs *unstructured.Unstructured){
		"other labels": func(theirs *unstructured.Unstructured) { theirs.SetLabels(nil) },
		"our labels":   func(*unstructured.Unstructured) {},
		"a seal of another run": func(theirs *unstructured.Unstructured) {
			other := theirs.DeepCopy()
			other.SetName("other")
			seal.Key("ours").Put(other, "uid")
			theirs.SetAnnotations(other.GetAnnotations())
		},
	} {
		t.Run(name, func(t *testing.T) {
			api := cluster(t)
			e := tekton(t, api, api, interceptor.Funcs{})
			_, objects := compiled(t, e)
			run := &objects[len(objects)-1]
			theirs := run.DeepCopy()
			forge(theirs)
			require.NoError(t, api.Create(t.Context(), theirs))
			seal.Key("ours").Put(run, "uid")
			for _, submit := range []func(context.Context, []manifest.Object) error{e.Submit, e.Resume} {
				err := submit(t.Context(), objects)
				_, refused := errors.AsType[*engine.Refused](err)
				assert.True(t, refused)
				assert.ErrorContains(t, err, "this runner has not made it; delete it")
				assert.Empty(t, run.GetUID())
			}
		})
	}
}

// TestFirstTryFindsNothing of its own, whatever seal it has.
func TestFirstTryFindsNothing(t *testing.T) {
	api := cluster(t)
	e := tekton(t, api, api, interceptor.Funcs{})
	_, objects := compiled(t, e)
	run := &objects[len(objects)-1]
	seal.Key("ours").Put(run, "uid")
	require.NoError(t, api.Create(t.Context(), run.DeepCopy()))
	assert.ErrorContains(t, e.Submit(t.Context(), objects), "this runner has not made it; delete it")
}

// TestInputIsOurs: who knows a run's name before it is there can make its input, too.
func TestInputIsOurs(t *testing.T) {
	api := cluster(t)
	e := tekton(t, api, api, interceptor.Funcs{})
	run, objects := compiled(t, e)
	forged := &corev1.ConfigMap{}
	forged.Namespace, forged.Name = run.Namespace, plan.InputName(run.Name)
	forged.Data = map[string]string{"object.yaml": "forged: true"}
	require.NoError(t, api.Create(t.Context(), forged))
	require.NoError(t, e.Submit(t.Context(), objects))
	input := &corev1.ConfigMap{}
	require.NoError(t, api.Get(t.Context(), client.ObjectKeyFromObject(forged), input))
	assert.NotEqual(t, forged.Data, input.Data)
	require.Len(t, input.OwnerReferences, 1)
	assert.Equal(t, run.Name, input.OwnerReferences[0].Name, "it goes with its run")
}

// TestCancelAgain is a change each time: an engine may have overlooked the first.
func TestCancelAgain(t *testing.T) {
	api := cluster(t)
	e := tekton(t, api, api, interceptor.Funcs{})
	_, objects := compiled(t, e)
	require.NoError(t, e.Submit(t.Context(), objects))
	run := &objects[len(objects)-1]
	seen := map[string]bool{}
	for range 3 {
		require.NoError(t, e.Cancel(t.Context(), run.GetNamespace(), run.GetName(), run.GetUID()))
		require.NoError(t, api.Get(t.Context(), client.ObjectKeyFromObject(run), run))
		seen[run.GetResourceVersion()] = true
	}
	assert.Len(t, seen, 3)
	spec, _, err := unstructured.NestedString(run.Object, "spec", "status")
	require.NoError(t, err)
	assert.Equal(t, "TaskRunCancelled", spec)
}

// TestRunWithoutItsInputGoes: it would wait for it to its time limit.
func TestRunWithoutItsInputGoes(t *testing.T) {
	quota := apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, "x", errors.New("exceeded quota"))
	api := cluster(t)
	e := tekton(t, api, api, interceptor.Funcs{Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
		if o.GetObjectKind().GroupVersionKind().Kind == "ConfigMap" {
			return quota
		}
		o.SetUID("run-uid")
		return c.Create(ctx, o, opts...)
	}})
	_, objects := compiled(t, e)
	require.ErrorIs(t, e.Submit(t.Context(), objects), quota)
	assert.Empty(t, found(t, e, objects[len(objects)-1].GetLabels()))
	assert.Empty(t, objects[len(objects)-1].GetUID(), "there is no run")
}

// TestDeleteTakesTheInput at once.
func TestDeleteTakesTheInput(t *testing.T) {
	api := cluster(t)
	e := tekton(t, api, api, interceptor.Funcs{})
	run, objects := compiled(t, e)
	require.NoError(t, e.Submit(t.Context(), objects))
	inputs := &corev1.ConfigMapList{}
	require.NoError(t, api.List(t.Context(), inputs, client.InNamespace(run.Namespace)))
	require.Len(t, inputs.Items, 1)

	require.NoError(t, e.Delete(t.Context(), run.Namespace, run.Name, objects[len(objects)-1].GetUID()))
	require.NoError(t, api.List(t.Context(), inputs, client.InNamespace(run.Namespace)))
	assert.Empty(t, inputs.Items)
	require.NoError(t, e.Delete(t.Context(), run.Namespace, run.Name, objects[len(objects)-1].GetUID()), "what is gone can be deleted")
}
