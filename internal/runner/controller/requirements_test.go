// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// TestRequirementThatNobodyWatches: a change of a Promise that is not in the cache causes no event.
func TestRequirementThatNobodyWatches(t *testing.T) {
	needs := field([]any{map[string]any{"name": "base"}}, "spec", "requiredPromises")
	base := promise(t, named("base", "base-uid"), field(nil, "spec", "api"))
	for name, c := range map[string]struct {
		have    []client.Object
		watched bool
		again   time.Duration
	}{
		"somebody else's": {[]client.Object{base}, false, poll},
		"not there":       {nil, false, poll},
		"ours":            {[]client.Object{base}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, append(c.have, promise(t, needs), served(), namespace(system))...)
			w.Client = interceptor.NewClient(w.Client.(client.WithWatch), interceptor.Funcs{
				Get: func(ctx context.Context, api client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
					if key.Name == "base" && !c.watched {
						return apierrors.NewNotFound(schema.GroupResource{Resource: "promises"}, key.Name)
					}
					return api.Get(ctx, key, o, opts...)
				},
			})
			asked := 0
			w.Live = interceptor.NewClient(w.api, interceptor.Funcs{
				Get: func(ctx context.Context, api client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
					asked++
					return api.Get(ctx, key, o, opts...)
				},
			})
			fulfilled, again, err := (&Promises{w.Runner}).requirements(t.Context(), newObject(w.promise(t)))
			require.NoError(t, err)
			assert.Equal(t, len(c.have) > 0, fulfilled)
			assert.Equal(t, c.again, again)
			assert.Equal(t, !c.watched, asked > 0, "the API server is asked only for what is not in the cache")
			if c.again > 0 {
				assert.Equal(t, c.again, w.reconciledPromise(t).RequeueAfter)
			}
		})
	}
}

// TestRequiredVersion: who upgrades a Promise does not stop those that were written for an earlier
// version of it, as in Kratix.
func TestRequiredVersion(t *testing.T) {
	needs := field([]any{map[string]any{"name": "base", "version": "v1"}}, "spec", "requiredPromises")
	base := promise(t, named("base", "base-uid"), field(nil, "spec", "api"), field(nil, "spec", "workflows"), field("v1", "metadata", "labels", v1alpha1.LabelPromiseVersion))
	w := newWorld(t, base, promise(t, needs), served(), namespace(system))
	state := func() progress.RequirementState {
		t.Helper()
		found, err := Requirement(t.Context(), w.Client, "base", "v1")
		require.NoError(t, err)
		return found
	}
	read := func() *unstructured.Unstructured { return w.get(t, promiseKind, "", "base") }
	reconciled := func() map[string]any {
		t.Helper()
		_, err := (&Promises{w.Runner}).Reconcile(t.Context(), queueKey{Promise: "base"})
		require.NoError(t, err)
		return read().Object["status"].(map[string]any)
	}
	status := reconciled()
	assert.Equal(t, progress.RequirementInstalled, state())
	assert.Equal(t, "v1", status["version"])
	assert.Equal(t, "v1", status["kratix"].(map[string]any)["version"])
	assert.Equal(t, []any{map[string]any{"promise": map[string]any{"name": "things"}, "requiredVersion": "v1"}}, status["requiredBy"])

	w.edit(t, read(), field("v2", "metadata", "labels", v1alpha1.LabelPromiseVersion))
	assert.Equal(t, progress.RequirementInstalled, state(), "also before the runner has seen it")
	assert.Equal(t, "v2", reconciled()["version"])
	assert.Equal(t, progress.RequirementInstalled, state())

	w.edit(t, w.promise(t), field(nil, "spec", "requiredPromises"))
	assert.NotContains(t, reconciled(), "requiredBy")
	found, err := Requirement(t.Context(), w.Client, "base", "v3")
	require.NoError(t, err)
	assert.Equal(t, progress.RequirementOtherVersion, found)
}

// TestRequirementsHoldRequests and nothing else: a Promise that offers nothing is available, as in
// Kratix.
func TestRequirementsHoldRequests(t *testing.T) {
	needs := field([]any{map[string]any{"name": "base"}}, "spec", "requiredPromises")
	for name, c := range map[string]struct {
		change    change
		available string
	}{
		"an API": {func(testing.TB, *unstructured.Unstructured) {}, "False"},
		"none": {func(t testing.TB, u *unstructured.Unstructured) {
			t.Helper()
			field(nil, "spec", "api")(t, u)
			field(nil, "spec", "workflows")(t, u)
		}, "True"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, promise(t, needs, c.change), served(), namespace(system))
			w.reconciledPromise(t)
			status := newObject(w.promise(t)).status()
			assert.Equal(t, c.available, progress.GetCondition(status, progress.ConditionAvailable).Status)
			assert.Equal(t, "False", progress.GetCondition(status, progress.ConditionRequirements).Status)
		})
	}
}
