// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// finalizer is one that no controller knows, so that only the test removes it.
const finalizer = "kratix-compile.io/e2e"

// retained is a run that something deletes while somebody still needs it.
type retained struct {
	engine  engine
	run     *unstructured.Unstructured
	objects []*unstructured.Unstructured // as they were printed
}

func newRetained(t *testing.T, e engine, fields string) *retained {
	t.Helper()
	c := newCase(t, "retention", onePipeline("containers: [{name: first, image: IMAGE, command: [probe], "+fields+"}]"), nil)
	r := &retained{engine: e, objects: c.compile(t, e.name)}
	r.run = e.theRun(t, r.objects)
	r.run.SetFinalizers([]string{finalizer})
	t.Cleanup(func() { r.release(t) }) // or its namespace would stay
	return r
}

func (r *retained) delete(t *testing.T, how metav1.DeletionPropagation) {
	t.Helper()
	runs, err := shared.Resource(r.run)
	require.NoError(t, err)
	require.NoError(t, runs.Delete(t.Context(), r.run.GetName(), metav1.DeleteOptions{PropagationPolicy: &how}))
}

func (r *retained) release(t *testing.T) {
	t.Helper()
	runs, err := shared.Resource(r.run)
	require.NoError(t, err)
	_, _ = runs.Patch(bounded(t), r.run.GetName(), types.MergePatchType, []byte(`{"metadata": {"finalizers": null}}`), metav1.PatchOptions{})
}

// awaitDeletion returns the run, which is there and has been deleted.
func (r *retained) awaitDeletion(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	return await(t, r.run, func(run *unstructured.Unstructured) bool { return run.GetDeletionTimestamp() != nil })
}

// TestFinalizer demands that a finalizer keeps an ended run's status and Pod for its owner,
// whoever deletes it, and that everything goes with the finalizer.
func TestFinalizer(t *testing.T) {
	for name, test := range map[string]struct {
		engine engine
		ttl    bool
	}{"tekton, pruned": {engine: engines[0]}, "argo, pruned": {engine: engines[1]}, "argo, time to live": {engine: engines[1], ttl: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := test.engine
			r := newRetained(t, e, "")
			if test.ttl {
				require.NoError(t, unstructured.SetNestedMap(r.run.Object, map[string]any{"secondsAfterCompletion": int64(0)}, "spec", "ttlStrategy"))
			}
			e.run(t, r.objects)
			if !test.ttl {
				r.delete(t, metav1.DeletePropagationBackground) // as Tekton's pruner does
			}
			_, succeeded := e.end(r.awaitDeletion(t))
			assert.True(t, succeeded, "the status is there")

			pods := e.watchPods(t, r.run)
			pods.until(t, "the Pod", func() bool { return len(pods.pods) == 1 })
			assert.NotEmpty(t, logs(t, pods.newest(), e.harvest), "the log is there")
			r.release(t)
			pods.until(t, "the end of the Pod", func() bool { return pods.gone[pods.newest().Name] })
		})
	}
}

// TestFinalizerInForeground shows what a finalizer cannot keep: the Pods of a run that is
// deleted as `kubectl delete --cascade=foreground` does.
func TestFinalizerInForeground(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			r := newRetained(t, e, "")
			e.run(t, r.objects)
			pods := e.watchPods(t, r.run)
			pods.until(t, "the Pod", func() bool { return len(pods.pods) == 1 })
			r.delete(t, metav1.DeletePropagationForeground)
			pods.until(t, "the end of the Pod", func() bool { return pods.gone[pods.newest().Name] })
			_, succeeded := e.end(r.awaitDeletion(t))
			assert.True(t, succeeded, "the status is there")
		})
	}
}

// TestDeletedWhileRunning shows that a finalizer keeps the Pod at work, and that Tekton
// does not look at a deleted TaskRun any more: who waits for its end must look at the Pod.
func TestDeletedWhileRunning(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			r := newRetained(t, e, "env: [{name: PROBE, value: sleep=5}]")
			require.NoError(t, shared.Create(t.Context(), r.objects...))
			pods := e.watchPods(t, r.run)
			e.untilLog(t, pods, "first", "wrote")
			r.delete(t, metav1.DeletePropagationBackground)
			if ended, _ := e.end(r.awaitDeletion(t)); ended {
				t.Fatal("the run ended before it was deleted")
			}
			pods.until(t, "the end", pods.settled)
			assert.Equal(t, corev1.PodSucceeded, pods.newest().Status.Phase)
			assert.Contains(t, logs(t, pods.newest(), e.harvest), said(harvestContainer))
			if e.name == "argo" {
				_, succeeded := e.end(e.awaitEnd(t, r.run))
				assert.True(t, succeeded)
				return
			}
			_, other := e.rename(t, r.objects, "other")
			e.theRun(t, other).SetFinalizers(nil)
			e.run(t, other) // in the meantime the controller could have looked at the first
			ended, _ := e.end(r.awaitDeletion(t))
			assert.False(t, ended, "Tekton ends a deleted TaskRun; the documents say otherwise")
		})
	}
}
