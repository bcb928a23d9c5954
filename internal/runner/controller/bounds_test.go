// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// TestForbiddenHoldsNoSlot: a quota in one namespace does not stop the others.
func TestForbiddenHoldsNoSlot(t *testing.T) {
	for name, refused := range map[string]error{
		"quota":          apierrors.NewForbidden(schema.GroupResource{Resource: "taskruns"}, "x", errors.New("exceeded quota: count/taskruns.tekton.dev")),
		"server is away": errors.New("connection refused"),
		"no namespace":   apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "a"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, promise(t), thing(t, "a", "one"), thing(t, "b", "two"), namespace("a"), namespace("b"))
			w.limit(slots.Limits{Total: 1})
			w.create = func(o client.Object) error {
				if w.kindOf(o).Kind == "TaskRun" && o.GetNamespace() == "a" {
					return refused
				}
				return nil
			}
			for range 3 {
				_, _ = w.reconcile(t, "a", "one")
			}
			active, _ := w.Slots.Active()
			assert.Zero(t, active)
			w.step(t, "b", "two")
			assert.Len(t, w.runs(t, "b"), 1)
			assert.Empty(t, w.runs(t, "a"))
		})
	}
}

// TestLargeMetadataIsReadOneByOne, and small metadata waits for none.
func TestLargeMetadataIsReadOneByOne(t *testing.T) {
	end := turn(smallMetadata + 1)
	assert.False(t, large.TryLock())
	turn(smallMetadata)()
	end()
	require.True(t, large.TryLock())
	large.Unlock()
	_, err := readMetadata(workflow.Kind{}, bundle.Contents{Metadata: map[string][]byte{"status.yaml": []byte("a: " + strings.Repeat("x", smallMetadata))}})
	require.NoError(t, err)
	assert.True(t, large.TryLock(), "it is free again")
	large.Unlock()
}

// TestSlotOfARunThatHasEnded: the run ended while the request was paused, and the status cannot
// be written when it goes on.
func TestSlotOfARunThatHasEnded(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	paused := func(value any) change {
		return func(_ testing.TB, u *unstructured.Unstructured) {
			u.SetLabels(map[string]string{progress.LabelPaused: fmt.Sprint(value)})
		}
	}
	w.edit(t, w.thing(t, "a", "one"), paused(true))
	w.step(t, "a", "one")
	w.succeed(t, w.run(t, "a", "a", "one"))
	w.edit(t, w.thing(t, "a", "one"), paused(false))
	w.saveStatus = func(*unstructured.Unstructured) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "one", errors.New("a policy"))
	}
	_, _ = w.reconcile(t, "a", "one")
	active, _ := w.Slots.Active()
	assert.Zero(t, active)
}

// TestHandoverKeepsLimits lets another leader look at the objects in every order.
func TestHandoverKeepsLimits(t *testing.T) {
	for _, first := range []string{"one", "two", "three"} {
		w := newWorld(t, promise(t), thing(t, "a", "one"), thing(t, "a", "two"), thing(t, "a", "three"), namespace("a"))
		w.limit(slots.Limits{Total: 1})
		w.step(t, "a", "one")
		w.limit(slots.Limits{Total: 1})
		for _, name := range []string{first, "three", "two", "one"} {
			w.step(t, "a", name)
		}
		assert.Len(t, w.runs(t, "a"), 1, "%s first", first)
		active, waiting := w.Slots.Active()
		assert.Equal(t, []int{1, 2}, []int{active, waiting}, "%s first", first)
	}
}

// TestHandoverBeforeAKindIsWatched: another leader counts the run of a request before it watches
// the request's kind. The slot of that run is not given away in the meantime.
func TestHandoverBeforeAKindIsWatched(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), thing(t, "a", "two"), namespace("a"))
	w.step(t, "a", "one")
	watched := w.kinds.watched
	w.limit(slots.Limits{Total: 1})
	w.restart()
	require.NoError(t, w.seed(t.Context()))
	w.step(t, "a", "one")
	w.kinds.watched = watched
	w.step(t, "a", "two")
	assert.Len(t, w.runs(t, "a"), 1)
	active, waiting := w.Slots.Active()
	assert.Equal(t, []int{1, 1}, []int{active, waiting})
}

// TestForgedRunsTakeNoSlots at a handover, when only the runs tell what is active.
func TestForgedRunsTakeNoSlots(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"), namespace("evil"))
	w.step(t, "a", "one")
	w.forge(t, w.run(t, "a", "a", "one"), "evil", nil)
	w.limit(slots.Limits{})
	w.step(t, "a", "one")
	active, _ := w.Slots.Active()
	assert.Equal(t, 1, active)
}

// TestSlotsOfWhatIsGone are free, whatever went first.
func TestSlotsOfWhatIsGone(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	require.NoError(t, w.api.Delete(t.Context(), w.promise(t)))
	w.step(t, "a", "one")
	active, _ := w.Slots.Active()
	assert.Zero(t, active)
}

// TestSlotOfARequestThatWentWithItsCRD: somebody has taken the finalizers of the request off and
// deleted the CRD, and nobody watched the kind any more when the request went.
func TestSlotOfARequestThatWentWithItsCRD(t *testing.T) {
	w := newWorld(t, promise(t), served(), thing(t, "a", "one"), namespace("a"), namespace(system))
	w.reconciledPromise(t)
	w.step(t, "a", "one")
	w.edit(t, w.thing(t, "a", "one"), finalized())
	w.delete(t, w.thing(t, "a", "one"))
	w.delete(t, w.get(t, crdKind, "", crdName))
	w.restart()
	w.step(t, "a", "one")
	w.reconciledPromise(t)
	active, _ := w.Slots.Active()
	assert.Zero(t, active)
}

// TestOutgrownStatusFailsThePipeline, and says which part of it is too large.
func TestOutgrownStatusFailsThePipeline(t *testing.T) {
	etcd := &apierrors.StatusError{ErrStatus: metav1.Status{Status: "Failure", Code: 500, Message: "etcdserver: request is too large"}}
	for name, c := range map[string]struct {
		text  string
		saves error
		want  string
	}{
		"etcd refuses it":      {"big: small", etcd, "status.yaml: etcdserver: request is too large"},
		"it is known to be so": {"big: " + strings.Repeat("x", 900<<10) + "\nmore: " + strings.Repeat("y", 100<<10), nil, "may have 1024; write less into its status, or put it into a file (big has 900 KiB, more has 100 KiB, "},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
			w.edit(t, w.thing(t, "a", "one"), field(strings.Repeat("z", 100<<10), "spec", "size"))
			w.step(t, "a", "one")
			w.harvest(t, w.run(t, "a", "a", "one"), map[string]string{"metadata/status.yaml": c.text})
			w.saveStatus = func(o *unstructured.Unstructured) error {
				if _, big, _ := unstructured.NestedFieldNoCopy(o.Object, "status", "big"); big {
					return c.saves
				}
				return nil
			}
			w.step(t, "a", "one")
			current, _ := w.workflow(t, "a", "one").Current()
			assert.Equal(t, progress.PhaseFailed, current.Phase)
			assert.Contains(t, current.Message, c.want)
			active, _ := w.Slots.Active()
			assert.Zero(t, active)
		})
	}
}

// TestOutgrownObjectIsNotHammered: a container has written so much itself that no status fits.
func TestOutgrownObjectIsNotHammered(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.saveStatus = func(*unstructured.Unstructured) error {
		return apierrors.NewRequestEntityTooLargeError("limit is 3145728")
	}
	result, err := w.reconcile(t, "a", "one")
	require.NoError(t, err)
	assert.Equal(t, poll, result.RequeueAfter)
	assert.Contains(t, w.notes.all, "write status: Request entity too large: limit is 3145728")
	active, _ := w.Slots.Active()
	assert.Zero(t, active)
}

// TestUnreadableForNowLosesNothing: the record is read again after a cut connection, and after an
// answer that would be final if it were about a write.
func TestUnreadableForNowLosesNothing(t *testing.T) {
	cut := fmt.Errorf("unexpected error when reading response body. Please retry. Original error: %w", io.ErrUnexpectedEOF)
	for _, trouble := range []error{cut, apierrors.NewBadRequest("a proxy says so"), apierrors.NewInternalError(errors.New("etcdserver: request is too large"))} {
		readWith(t, small, trouble)
		readWith(t, noise(t), trouble)
	}
}

// readWith has every read of a chunk fail once.
func readWith(t *testing.T, files map[string]string, trouble error) {
	t.Helper()
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.step(t, "a", "one")
	w.harvest(t, w.run(t, "a", "a", "one"), files)
	for cut := 1; ; cut++ { // at the first read of a chunk, the second, ...
		reads := 0
		w.Records.Reader = interceptor.NewClient(w.api, interceptor.Funcs{Get: func(ctx context.Context, c client.WithWatch, k client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if _, ok := o.(*corev1.ConfigMap); ok {
				if reads++; reads == cut {
					return trouble
				}
			}
			return c.Get(ctx, k, o, opts...)
		}})
		_, err := w.reconcile(t, "a", "one")
		if reads < cut {
			require.NoError(t, err)
			break
		}
		current, _ := w.workflow(t, "a", "one").Current()
		require.Equal(t, "one", current.Name)
		require.Equal(t, progress.PhaseRunning, current.Phase)
	}
	current, _ := w.workflow(t, "a", "one").Current()
	assert.Equal(t, "two", current.Name, "the results were there all the time")
}

// TestNobodysRecordGoes: an upload was under way when its request went.
func TestNobodysRecordGoes(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), thing(t, "a", "lives"), namespace("a"))
	w.step(t, "a", "one")
	w.step(t, "a", "lives")
	run := w.run(t, "a", "a", "one")
	w.delete(t, w.thing(t, "a", "one"))
	w.step(t, "a", "one")
	require.Nil(t, w.thing(t, "a", "one"))
	nobodys, wanted := w.harvest(t, run, small), w.harvest(t, w.run(t, "a", "a", "lives"), small)
	w.Now = func() time.Time { return time.Now().Add(2 * record.MinSweepAge) }
	require.NoError(t, (&sweeper{w.Runner}).sweep(t.Context()))
	_, err := w.Records.Get(t.Context(), nobodys)
	require.ErrorIs(t, err, record.ErrNotFound)
	_, err = w.Records.Get(t.Context(), wanted)
	assert.NoError(t, err, "a runner that was away for long has not looked at it yet")
}
