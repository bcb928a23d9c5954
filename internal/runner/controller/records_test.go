// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/work"
)

// sameNames is a world in which two requests of one name run in one namespace.
func sameNames(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, promise(t, runsIn("pipelines")), thing(t, "a", "same"), thing(t, "b", "same"),
		namespace("a"), namespace("b"), namespace("pipelines"))
	w.step(t, "a", "same")
	w.step(t, "b", "same")
	return w
}

func TestRecordOfAnotherNamespaceStays(t *testing.T) {
	w := sameNames(t)
	key := w.harvest(t, w.run(t, "pipelines", "b", "same"), small)

	w.step(t, "a", "same")
	_, err := w.Records.Get(t.Context(), key)
	require.NoError(t, err)

	w.step(t, "b", "same")
	current, _ := w.workflow(t, "b", "same").Current()
	assert.Equal(t, "two", current.Name, "it was there to be consumed")
	_, err = w.Records.Get(t.Context(), key)
	assert.ErrorIs(t, err, record.ErrNotFound)
}

func TestRecordOfAnotherNamespaceOutlivesDeletion(t *testing.T) {
	w := sameNames(t)
	key := w.harvest(t, w.run(t, "pipelines", "b", "same"), small)

	w.delete(t, w.thing(t, "a", "same"))
	w.step(t, "a", "same")
	require.Nil(t, w.thing(t, "a", "same"))

	_, err := w.Records.Get(t.Context(), key)
	require.NoError(t, err)
	w.run(t, "pipelines", "b", "same") // is there, too
}

// TestRunOfAnotherNamespaceOutlivesDeletion: a request of the same name may be in the namespace of
// the run.
func TestRunOfAnotherNamespaceOutlivesDeletion(t *testing.T) {
	w := newWorld(t, promise(t, runsIn("pipelines")), thing(t, "a", "same"), thing(t, "pipelines", "same", deleting(finalizersRequest...)),
		namespace("a"), namespace("pipelines"))
	w.step(t, "a", "same")
	w.edit(t, w.promise(t), runsIn(""))
	w.step(t, "pipelines", "same")
	require.Nil(t, w.thing(t, "pipelines", "same"))
	w.run(t, "pipelines", "a", "same") // is there
}

// noise is an output that no compression makes fit into a Work.
func noise(t *testing.T) map[string]string {
	t.Helper()
	data := make([]byte, 2*work.MaxBytes)
	_, _ = rand.Read(data)
	return map[string]string{"output/noise": string(data)}
}

// TestBundleOfAWorkIsKept lets the runner crash between the status that says that the
// Pipeline has succeeded and the end of its record.
func TestBundleOfAWorkIsKept(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	key := w.harvest(t, w.run(t, "a", "a", "one"), noise(t))

	crash := errors.New("the API server is away")
	w.EnsureNamespace = func(context.Context, string) error { return crash }
	_, err := w.reconcile(t, "a", "one")
	require.ErrorIs(t, err, crash)
	require.Equal(t, record.Waiting, w.label(t, key))

	w.EnsureNamespace = func(context.Context, string) error { return nil }
	w.list = func(kind schema.GroupVersionKind) (bool, error) { // the cache has not seen the Work
		return kind.Kind != v1alpha1.KindWork, nil
	}
	w.step(t, "a", "one")

	works := &v1alpha1.WorkList{}
	require.NoError(t, w.api.List(t.Context(), works))
	require.Len(t, works.Items, 1)
	require.NotNil(t, works.Items[0].Spec.Bundle)
	assert.Equal(t, key.Name(), works.Items[0].Spec.Bundle.Name)
	assert.Equal(t, record.Kept, w.label(t, key))
}

// TestLostBundleComesBack: somebody has removed the bundle that a Work refers to, or a part of it. When
// the Pipeline has run again, with the same files, the Work refers to the new one.
func TestLostBundleComesBack(t *testing.T) {
	for name, onlyChunks := range map[string]bool{"all of it": false, "its chunks": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, promise(t, pipelines("resource", "configure", "one")), thing(t, "a", "one"), namespace("a"))
			files := noise(t)
			again := func() record.Key {
				w.step(t, "a", "one")
				key := w.harvest(t, w.run(t, "a", "a", "one"), files)
				w.step(t, "a", "one")
				return key
			}
			referred := func() string {
				works := &v1alpha1.WorkList{}
				require.NoError(t, w.api.List(t.Context(), works))
				require.Len(t, works.Items, 1)
				return works.Items[0].Spec.Bundle.Name
			}
			first := again()
			w.relabel(t, w.thing(t, "a", "one"), progress.LabelManual, "true")
			again()
			assert.Equal(t, first.Name(), referred(), "it has the same files")

			maps := &corev1.ConfigMapList{}
			require.NoError(t, w.api.List(t.Context(), maps, client.InNamespace(system)))
			for i := range maps.Items {
				if _, chunk := maps.Items[i].Labels["kratix-compile.io/harvest-chunk"]; chunk || !onlyChunks {
					require.NoError(t, w.api.Delete(t.Context(), &maps.Items[i]))
				}
			}
			w.relabel(t, w.thing(t, "a", "one"), progress.LabelManual, "true")
			third := again()
			assert.Equal(t, third.Name(), referred())
			assert.Equal(t, record.Kept, w.label(t, third))
		})
	}
}

// TestBundleOfNoWorkIsDropped: the workflow no longer waits for a large harvest.
func TestBundleOfNoWorkIsDropped(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	run := w.run(t, "a", "a", "one")
	run.SetName("of-an-earlier-round")
	key := w.harvest(t, run, noise(t))

	w.step(t, "a", "one")
	_, err := w.Records.Get(t.Context(), key)
	assert.ErrorIs(t, err, record.ErrNotFound)
}

// label says whether a record waits or is kept.
func (w *world) label(t *testing.T, key record.Key) string {
	t.Helper()
	head := w.get(t, corev1.SchemeGroupVersion.WithKind("ConfigMap"), system, key.Name())
	require.NotNil(t, head)
	return head.GetLabels()[record.Label]
}
