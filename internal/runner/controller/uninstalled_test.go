// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// noPage is what an API server says of a kind that it does not serve.
var noPage = apierrors.NewGenericServerResponse(http.StatusNotFound, "get", schema.GroupResource{Group: "tekton.dev", Resource: "taskruns"}, "x", "404 page not found", 0, true)

// unserved lets the API server know no TaskRuns, while a cache of them has been there for long.
func (w *world) unserved(t *testing.T) {
	t.Helper()
	for _, run := range w.runs(t, "") {
		w.delete(t, &run)
	}
	live := interceptor.NewClient(w.api, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if w.kindOf(o) == taskRunKind {
				return noPage
			}
			return c.Get(ctx, key, o, opts...)
		},
	})
	w.Engines = nil
	for _, e := range backends.Engines() {
		w.Engines = append(w.Engines, engine.New(e, backends.Defaults(), w.Client, indexed{}, live, nil))
	}
}

// TestEngineIsUninstalled while it has a run. The request says so and frees its slot; it starts again
// when the engine is back, or at once on the other engine if somebody chooses that one.
func TestEngineIsUninstalled(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	installed := w.Engines
	w.unserved(t)
	result, err := w.reconcile(t, "a", "one")
	require.NoError(t, err)
	assert.Equal(t, poll, result.RequeueAfter)
	reconciled := progress.GetCondition(newObject(w.thing(t, "a", "one")).status(), progress.ConditionReconciled)
	assert.Equal(t, "EngineMissing", reconciled.Reason)
	active, _ := w.Slots.Active()
	assert.Zero(t, active)

	t.Run("and installed again", func(t *testing.T) {
		gone := w.Engines
		w.Engines = installed
		w.step(t, "a", "one")
		assert.Len(t, w.runs(t, "a"), 1)
		w.Engines = gone
	})
	t.Run("and another one is chosen", func(t *testing.T) {
		w.unserved(t)
		w.edit(t, w.promise(t), annotated(AnnotationEngine, "argo"))
		w.step(t, "a", "one")
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(workflowKind)
		require.NoError(t, w.api.List(t.Context(), list))
		assert.Len(t, list.Items, 1)
	})
}

// TestAPIServerThatStarts does not serve the kind yet. The engine is there, and so may be the run.
func TestAPIServerThatStarts(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"),
		&apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: "taskruns.tekton.dev"}})
	w.step(t, "a", "one")
	w.unserved(t)
	before := w.workflow(t, "a", "one")
	_, err := w.reconcile(t, "a", "one")
	require.ErrorIs(t, err, noPage)
	assert.Equal(t, before, w.workflow(t, "a", "one"))
}
