// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// hides is a cache that does not show objects of a kind yet.
func hides(hidden string) func(schema.GroupVersionKind) (bool, error) {
	return func(kind schema.GroupVersionKind) (bool, error) { return kind.Kind != hidden, nil }
}

// TestWorksThatTheCacheDoesNotShow go with their request: it is deleted a moment after the runner has
// created its Work.
func TestWorksThatTheCacheDoesNotShow(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("resource", "configure", "one")), thing(t, "a", "one"), namespace("a"))
	w.list = hides(v1alpha1.KindWork)
	w.step(t, "a", "one")
	w.harvest(t, w.run(t, "a", "a", "one"), small)
	w.step(t, "a", "one")
	w.delete(t, w.thing(t, "a", "one"))
	w.step(t, "a", "one")
	assert.NotNil(t, w.thing(t, "a", "one"), "its Work is still there")
	assert.Empty(t, w.works(t), "and is being deleted")
	w.step(t, "a", "one")
	assert.Nil(t, w.thing(t, "a", "one"))
	left := &v1alpha1.WorkList{}
	require.NoError(t, w.api.List(t.Context(), left))
	assert.Empty(t, left.Items)
}

// TestPromiseWhoseThingsTheCacheDoesNotShow: it is deleted a moment after the runner has created its
// API and the Work of its dependencies.
func TestPromiseWhoseThingsTheCacheDoesNotShow(t *testing.T) {
	dependency := map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "x"}}
	w := newWorld(t, promise(t, field([]any{dependency}, "spec", "dependencies")), served(), namespace(system))
	w.list = func(kind schema.GroupVersionKind) (bool, error) {
		return kind.Kind != v1alpha1.KindWork && kind != crdKind, nil
	}
	w.reconciledPromise(t)
	w.delete(t, w.promise(t))
	for range 4 {
		w.reconciledPromise(t)
		w.works(t)
	}
	assert.Nil(t, w.promise(t))
	left := &v1alpha1.WorkList{}
	require.NoError(t, w.api.List(t.Context(), left))
	assert.Empty(t, left.Items)
	assert.Nil(t, w.get(t, crdKind, "", crdName))
}

// TestRightsThatTheCacheDoesNotShow go with their Promise: it is deleted a moment after its run has started.
func TestRightsThatTheCacheDoesNotShow(t *testing.T) {
	rights := append(slices.Clone(rightsKinds), corev1.SchemeGroupVersion.WithKind("ServiceAccount"))
	w := newWorld(t, promise(t, pipelines("promise", "configure", "own"), pipelines("resource", "configure"), field(nil, "spec", "api")), namespace(system))
	w.restart()
	w.list = func(kind schema.GroupVersionKind) (bool, error) { return !slices.Contains(rights, kind), nil }
	for range 2 {
		w.reconciledPromise(t)
	}
	left := func() (found []string) {
		for _, kind := range rights {
			list := someList(kind)
			require.NoError(t, w.api.List(t.Context(), list))
			for _, o := range list.Items {
				found = append(found, kind.Kind+" "+o.GetName())
			}
		}
		return found
	}
	require.NotEmpty(t, left())
	w.delete(t, w.promise(t))
	w.reconciledPromise(t)
	require.Nil(t, w.promise(t))
	assert.Empty(t, left())
}

// TestWorkThatTheCacheShowsAsItWas: the results are those of the run before the last one, and the
// cache still shows the Work with them.
func TestWorkThatTheCacheShowsAsItWas(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("resource", "configure", "one")), thing(t, "a", "one"), namespace("a"))
	w.finish(t, "one")
	key := client.ObjectKey{Namespace: "a", Name: w.works(t)[0]}
	first := &v1alpha1.Work{}
	require.NoError(t, w.api.Get(t.Context(), key, first))
	r := w.Runner
	second := first.DeepCopy()
	second.Spec.WorkloadGroups[0].Workloads[0].Filepath = "b.yaml"
	require.NoError(t, r.saveWork(t.Context(), first.DeepCopy(), second))

	require.NoError(t, r.saveWork(t.Context(), first.DeepCopy(), first.DeepCopy()))
	now := &v1alpha1.Work{}
	require.NoError(t, w.api.Get(t.Context(), key, now))
	assert.Equal(t, first.Spec, now.Spec)
}
