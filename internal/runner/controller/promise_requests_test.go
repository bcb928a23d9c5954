// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// deleteCRD deletes the CRD by hand; Kubernetes then deletes its objects.
func (w *world) deleteCRD(t *testing.T) {
	t.Helper()
	crd := w.get(t, crdKind, "", crdName)
	crd.SetFinalizers([]string{"customresourcecleanup.apiextensions.k8s.io"})
	w.edit(t, crd)
	w.delete(t, crd)
	w.delete(t, w.thing(t, "a", "one"))
}

// TestCRDDeletedByHand: the delete workflows of the requests run and the requests go, in a process
// that has watched them and in one that has not, whether their Promise stays or not.
func TestCRDDeletedByHand(t *testing.T) {
	for name, then := range map[string]func(*testing.T, *world){
		"and nothing else":                 func(*testing.T, *world) {},
		"and the Promise":                  func(t *testing.T, w *world) { w.delete(t, w.promise(t)) },
		"before a restart":                 func(_ *testing.T, w *world) { w.restart() },
		"and the Promise before a restart": func(t *testing.T, w *world) { w.restart(); w.delete(t, w.promise(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, promise(t, pipelines("resource", "delete", "bye")), served(), thing(t, "a", "one"), namespace("a"), namespace(system))
			w.reconciledPromise(t)
			w.complete(t, "one")
			for _, run := range w.runs(t, "a") {
				w.succeed(t, &run)
			}
			w.deleteCRD(t)
			then(t, w)
			for range 4 {
				w.reconciledPromise(t)
				w.step(t, "a", "one")
			}
			bye := w.run(t, "a", "a", "one")
			assert.Equal(t, "delete", bye.GetLabels()[v1alpha1.LabelWorkflowAction])
			works := &v1alpha1.WorkList{}
			require.NoError(t, w.api.List(t.Context(), works))
			assert.Len(t, works.Items, 2, "the files stay until it has ended")

			w.harvest(t, bye, small)
			for range 4 {
				w.step(t, "a", "one")
				w.forgetFiles(t)
			}
			assert.Nil(t, w.thing(t, "a", "one"))
		})
	}
}

// forgetFiles lets deleted Works go, as when their files have been removed from the State Stores.
func (w *world) forgetFiles(t *testing.T) {
	t.Helper()
	works := &v1alpha1.WorkList{}
	require.NoError(t, w.api.List(t.Context(), works))
	for _, work := range works.Items {
		if !work.DeletionTimestamp.IsZero() {
			work.Finalizers = nil
			require.NoError(t, w.api.Update(t.Context(), &work))
		}
	}
}

func (w *world) reconciledPromise(t *testing.T) reconcile.Result {
	t.Helper()
	result, err := w.reconcilePromise(t)
	require.NoError(t, err)
	return result
}

// TestCRDIsMadeAgain and watched anew, when one that somebody has deleted is gone.
func TestCRDIsMadeAgain(t *testing.T) {
	w := newWorld(t, promise(t), served(), thing(t, "a", "one"), namespace("a"), namespace(system))
	w.reconciledPromise(t)
	w.deleteCRD(t)
	w.reconciledPromise(t)
	reconciled := progress.GetCondition(newObject(w.promise(t)).status(), progress.ConditionReconciled)
	assert.Equal(t, "APIDeleted", reconciled.Reason)
	assert.Contains(t, reconciled.Message, crdName)

	gone := w.get(t, crdKind, "", crdName)
	gone.SetFinalizers(nil)
	w.edit(t, gone)
	w.reconciledPromise(t)
	again := w.get(t, crdKind, "", crdName)
	require.NotNil(t, again)
	assert.Empty(t, again.GetDeletionTimestamp())
}

// unlisted lets the cache say that it cannot list the Things.
func (w *world) unlisted(cause error) {
	away := &caching.Unlisted{Kind: thingKind, Since: w.Now(), Cause: cause}
	w.Client = interceptor.NewClient(w.Client.(client.WithWatch), interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if w.kindOf(o) == thingKind {
				return away
			}
			return c.Get(ctx, key, o, opts...)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if w.kindOf(list) == thingKind {
				return away
			}
			return c.List(ctx, list, opts...)
		},
	})
}

// TestWhatIsNotListedIsNotNone: while the requests cannot be listed, nothing is deleted. A first list
// may take its time; after an error the Promise says why, once.
func TestWhatIsNotListedIsNotNone(t *testing.T) {
	w := newWorld(t, promise(t), served(), thing(t, "a", "one"), namespace("a"), namespace(system))
	w.reconciledPromise(t)
	w.complete(t, "one")
	told := func(kind string) progress.Condition {
		return progress.GetCondition(newObject(w.promise(t)).status(), kind)
	}
	listing := w.Client
	w.unlisted(nil)
	assert.Equal(t, poll, w.reconciledPromise(t).RequeueAfter)
	assert.Empty(t, told(conditionListed))

	w.Client = listing
	w.unlisted(errors.New("conversion webhook for example.org/v1 failed"))
	said := len(w.notes.all)
	for range 3 {
		assert.Equal(t, poll, w.reconciledPromise(t).RequeueAfter)
		result, err := w.reconcile(t, "a", "one")
		require.NoError(t, err)
		assert.Equal(t, poll, result.RequeueAfter)
	}
	assert.Equal(t, progress.Condition{
		Type: conditionListed, Status: "False", Reason: "KindNotListed",
		Message: "the API server cannot list the objects of the kind Thing of example.org/v1: conversion webhook for example.org/v1 failed",
	}, told(conditionListed))
	assert.Equal(t, "True", told(progress.ConditionAvailable).Status)
	assert.Len(t, w.notes.all, said+1)

	w.delete(t, w.promise(t))
	for range 4 {
		w.reconciledPromise(t)
	}
	require.NotNil(t, w.promise(t))
	assert.Equal(t, "KindNotListed", told(progress.ConditionReconciled).Reason)
	assert.NotNil(t, w.get(t, crdKind, "", crdName))
	works := &v1alpha1.WorkList{}
	require.NoError(t, w.api.List(t.Context(), works))
	assert.NotEmpty(t, works.Items)

	w.Client = listing
	for range 8 {
		w.reconciledPromise(t)
		if w.promise(t) == nil {
			return
		}
		assert.Equal(t, "KindListed", told(conditionListed).Reason)
		w.step(t, "a", "one")
		w.forgetFiles(t)
	}
	assert.Fail(t, "the Promise stays")
}

// TestOnlyTheAPIServerKnowsThatThereAreNone: a cache may not have seen the last request.
func TestOnlyTheAPIServerKnowsThatThereAreNone(t *testing.T) {
	w := newWorld(t, promise(t, deleting(slices.Concat(finalizersAlways, finalizersAPI)...)), served(),
		thing(t, "a", "one", finalized(finalizersRequest...)), namespace("a"))
	w.list = func(kind schema.GroupVersionKind) (bool, error) { return kind != thingKind, nil }
	w.reconciledPromise(t)
	assert.NotNil(t, w.get(t, crdKind, "", crdName))
	assert.NotNil(t, w.thing(t, "a", "one").GetDeletionTimestamp())
}

// TestRequestsOfNobodyElse: there are no requests without a CRD, of a CRD that was never served, and
// of one that is not the Promise's. In every other case the API server must list them.
func TestRequestsOfNobodyElse(t *testing.T) {
	refused := errors.New("conversion webhook for example.org/v1 failed")
	other, nobodys, never := served(), served(), served()
	other.Labels[v1alpha1.LabelPromise] = "others"
	nobodys.Labels = nil
	never.Status.Conditions = nil
	notFound := &meta.NoKindMatchError{GroupKind: thingKind.GroupKind()}
	for name, c := range map[string]struct {
		have    []client.Object
		err     error
		unknown bool
	}{
		"no CRD":                   {nil, notFound, false},
		"another Promise's":        {[]client.Object{other}, refused, false},
		"nobody's":                 {[]client.Object{nobodys}, refused, false},
		"never served":             {[]client.Object{never}, notFound, false},
		"not served now":           {[]client.Object{served()}, notFound, true},
		"cannot be listed":         {[]client.Object{served()}, refused, true},
		"cannot be listed, is new": {[]client.Object{never}, refused, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, append(c.have, promise(t))...)
			w.restart()
			w.Live = interceptor.NewClient(w.api, interceptor.Funcs{
				List: func(ctx context.Context, api client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
					if w.kindOf(list) == thingKind {
						return c.err
					}
					return api.List(ctx, list, opts...)
				},
			})
			found, err := (&Promises{w.Runner}).requests(t.Context(), newObject(promise(t)))
			assert.Empty(t, found)
			if !c.unknown {
				assert.NoError(t, err)
				return
			}
			unlisted := &caching.Unlisted{}
			require.ErrorAs(t, err, &unlisted)
			assert.True(t, unlisted.Amiss(w.Now()))
			assert.ErrorContains(t, err, c.err.Error())
		})
	}
}

// TestPromiseMadeAgainUnderItsName: its kind is watched, also if the runner has not seen that the
// first Promise was gone.
func TestPromiseMadeAgainUnderItsName(t *testing.T) {
	w := newWorld(t, promise(t), served(), namespace("a"), namespace(system))
	w.reconciledPromise(t)
	w.delete(t, w.promise(t))
	for range 5 {
		if w.promise(t) != nil {
			w.reconciledPromise(t)
		}
	}
	require.Nil(t, w.promise(t))
	require.NoError(t, w.api.Create(t.Context(), promise(t, named("things", "second-uid"))))
	require.NoError(t, w.api.Create(t.Context(), served()))
	w.reconciledPromise(t)
	assert.EqualValues(t, "second-uid", w.kinds.named("things"))

	w.delete(t, w.promise(t))
	w.edit(t, w.promise(t), finalized()) // somebody cuts it short
	require.NoError(t, w.api.Create(t.Context(), promise(t, named("things", "third-uid"), field(nil, "spec", "api"))))
	w.reconciledPromise(t)
	assert.EqualValues(t, "third-uid", w.kinds.named("things"), "the CRD is still there, and its label names the third")
	w.delete(t, w.get(t, crdKind, "", crdName))
	w.reconciledPromise(t)
	assert.Empty(t, w.kinds.named("things"))
}

// TestCRDOfNobody: the CRD has no label, and so its Promise goes and the CRD and its objects stay.
func TestCRDOfNobody(t *testing.T) {
	crd := served()
	crd.Labels = nil
	w := newWorld(t, promise(t, deleting(slices.Concat(finalizersAlways, finalizersAPI)...)), crd, thing(t, "a", "one"))
	w.restart()
	for range 3 {
		w.reconciledPromise(t)
	}
	assert.Nil(t, w.promise(t))
	assert.NotNil(t, w.get(t, crdKind, "", crdName))
	assert.Nil(t, w.thing(t, "a", "one").GetDeletionTimestamp())
}

// TestCRDThatIsGone has no requests, whether they could be listed before or not.
func TestCRDThatIsGone(t *testing.T) {
	w := newWorld(t, promise(t, deleting(slices.Concat(finalizersAlways, finalizersAPI)...)), served())
	w.unlisted(errors.New("conversion webhook for example.org/v1 failed"))
	w.reconciledPromise(t)
	require.NotNil(t, w.promise(t))
	w.delete(t, w.get(t, crdKind, "", crdName))
	w.reconciledPromise(t)
	assert.Nil(t, w.promise(t))
}

// TestAPITakenFromAPromise: spec.api is gone, while nobody asked the webhook, and the
// requests are still let go before the Promise.
func TestAPITakenFromAPromise(t *testing.T) {
	w := newWorld(t, promise(t, deleting(slices.Concat(finalizersAlways, finalizersAPI)...), func(_ testing.TB, u *unstructured.Unstructured) {
		unstructured.RemoveNestedField(u.Object, "spec", "api")
	}), served(), thing(t, "a", "one", finalized(finalizersRequest...)), namespace("a"))
	w.restart()
	w.reconciledPromise(t)
	require.NotNil(t, w.promise(t))
	assert.NotNil(t, w.thing(t, "a", "one").GetDeletionTimestamp())
	w.step(t, "a", "one")
	assert.Nil(t, w.thing(t, "a", "one"))
	for range 2 {
		w.reconciledPromise(t)
	}
	assert.Nil(t, w.promise(t))
	assert.Nil(t, w.get(t, crdKind, "", crdName))
}
