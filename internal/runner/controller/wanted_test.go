// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/internal/harvest"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// wanted asks whether the run's results are still waited for.
func (w *world) wanted(t *testing.T, run harvest.Run) bool {
	t.Helper()
	waits, err := w.Wants(t.Context(), run)
	require.NoError(t, err)
	return waits
}

func TestRunIsWanted(t *testing.T) {
	for name, changes := range map[string][]change{"own namespace": nil, "pipelineNamespace": {runsIn("pipelines")}} {
		t.Run(name, func(t *testing.T) {
			in := "a"
			if len(changes) > 0 {
				in = "pipelines"
			}
			w := newWorld(t, promise(t, changes...), thing(t, "a", "one"), namespace("a"), namespace("pipelines"))
			w.step(t, "a", "one")
			first := w.running(t, in)
			assert.True(t, w.wanted(t, first))

			request := w.thing(t, "a", "one")
			request.SetLabels(map[string]string{progress.LabelManual: "true"})
			w.edit(t, request)
			w.step(t, "a", "one")
			assert.False(t, w.wanted(t, first), "another run has taken its place")

			w.delete(t, w.thing(t, "a", "one"))
			w.step(t, "a", "one")
			require.Nil(t, w.thing(t, "a", "one"))
			assert.False(t, w.wanted(t, first), "the request is gone")
			w.delete(t, w.promise(t))
			assert.False(t, w.wanted(t, first), "and the Promise")
		})
	}
}

// running is the run of a request, as the harvest server sees it.
func (w *world) running(t *testing.T, in string) harvest.Run {
	t.Helper()
	run := w.run(t, in, "a", "one")
	return harvest.Run{Key: record.Key{Namespace: in, Run: run.GetName()}, Kind: run.GetKind(), UID: run.GetUID(), Labels: run.GetLabels()}
}

func TestRunOfAPromiseIsWanted(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("promise", "configure", "own")), served(), namespace(system))
	for range 2 {
		_, err := w.reconcilePromise(t)
		require.NoError(t, err)
	}
	runs := w.runs(t, system)
	require.Len(t, runs, 1)
	of := harvest.Run{Key: record.Key{Namespace: system, Run: runs[0].GetName()}, UID: runs[0].GetUID(), Labels: runs[0].GetLabels()}
	assert.True(t, w.wanted(t, of))
	of.Run = "another"
	assert.False(t, w.wanted(t, of))
}

// TestWantsNeedsAnAnswer: after a no the results are thrown away, so without an answer there is an
// error.
func TestWantsNeedsAnAnswer(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	run := w.running(t, "a")
	for _, away := range []error{
		errors.New("the API server is away"),
		apierrors.NewGenericServerResponse(http.StatusNotFound, "get", schema.GroupResource{Resource: "things"}, "one", "404 page not found", 0, true),
	} {
		w.noAnswer(t, run, away)
	}
}

// noAnswer demands an error, and not a no, while the API server answers like this.
func (w *world) noAnswer(t *testing.T, run harvest.Run, away error) {
	t.Helper()
	for _, kind := range []string{"Promise", "Thing"} {
		w.Live = interceptor.NewClient(w.api, interceptor.Funcs{
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
				if o.GetObjectKind().GroupVersionKind().Kind == kind {
					return away
				}
				return c.Get(ctx, key, o, opts...)
			},
		})
		w.restart()
		_, err := w.Wants(t.Context(), run)
		assert.ErrorIs(t, err, away, kind)
	}
}

// TestWantsAsksACacheFirst: the yes of a cache is enough, its no is not.
func TestWantsAsksACacheFirst(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	run := w.running(t, "a")
	asked := 0
	w.Live = interceptor.NewClient(w.api, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			asked++
			return c.Get(ctx, key, o, opts...)
		},
	})
	assert.True(t, w.wanted(t, run))
	assert.Zero(t, asked)
	w.Client = newAPI(t, promise(t), thing(t, "a", "one"))
	assert.True(t, w.wanted(t, run), "its status has not reached the cache")
	assert.NotZero(t, asked)
}
