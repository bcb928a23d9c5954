// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// slow is a State Store whose batches wait until let is closed, or until they are cancelled.
type slow struct {
	let     chan struct{}
	begun   chan int
	closing sync.Once
	closed  chan struct{}
}

func newSlow() *slow {
	return &slow{let: make(chan struct{}), begun: make(chan int, 100), closed: make(chan struct{})}
}

func (s *slow) Apply(ctx context.Context, changes []statestore.Change) []statestore.Outcome {
	s.begun <- len(changes)
	select {
	case <-s.let:
		return make([]statestore.Outcome, len(changes))
	case <-ctx.Done():
		return statestore.All(len(changes), ctx.Err())
	}
}

func (*slow) Check(context.Context) error { return nil }

func (s *slow) Close() error {
	s.closing.Do(func() { close(s.closed) })
	return nil
}

var ours = v1alpha1.StateStoreReference{Kind: v1alpha1.KindBucketStateStore, Name: "ours"}

func running(t testing.TB, there ...client.Object) *dispatcher {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	d := newDispatcher(fake.NewClientBuilder().WithScheme(scheme).WithObjects(there...).
		WithIndex(&v1alpha1.Destination{}, byStore, storeOf).WithIndex(&v1alpha1.WorkPlacement{}, byDestination, ofPlacement(target)).Build())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
	return d
}

// woken is the workqueue of a controller that the dispatcher wakes.
func woken(t testing.TB, d *dispatcher, kind string) rateLimited {
	t.Helper()
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	t.Cleanup(queue.ShutDown)
	require.NoError(t, d.wakes(kind).Start(t.Context(), queue))
	return queue
}

// tripOf is a trip that no controller has sent.
func tripOf(name string, to v1alpha1.StateStoreReference) *trip {
	return &trip{of: sender{"Test", reconcile.Request{NamespacedName: client.ObjectKey{Name: name}}}, to: to}
}

// collected waits until the dispatcher wakes the controller of "Test", and collects the trip.
func collected(t testing.TB, d *dispatcher, queue rateLimited) *trip {
	t.Helper()
	of, _ := queue.Get()
	queue.Done(of)
	over, underway := d.collect(sender{"Test", of})
	require.NotNil(t, over)
	require.False(t, underway)
	return over
}

func TestWhyNothingCanBeSent(t *testing.T) {
	there := &v1alpha1.Destination{ObjectMeta: metav1.ObjectMeta{Name: "there"}}
	there.Spec.StateStoreRef = &ours
	placed := &v1alpha1.WorkPlacement{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: "placed"}}
	placed.Spec.TargetDestinationName = "there"
	d := running(t, &v1alpha1.BucketStateStore{ObjectMeta: metav1.ObjectMeta{Name: "ours"}}, there, placed)
	for _, c := range []struct {
		to   v1alpha1.StateStoreReference
		want obstacle
	}{
		{ours, obstacle{}}, // it is about to be opened
		{v1alpha1.StateStoreReference{Kind: v1alpha1.KindBucketStateStore, Name: "other"}, obstacle{"BucketStateStore other is not there", true}},
		{v1alpha1.StateStoreReference{Kind: v1alpha1.KindGitStateStore, Name: "ours"}, obstacle{"GitStateStore ours is not there", true}},
		{v1alpha1.StateStoreReference{Kind: "Floppy", Name: "ours"}, obstacle{"Floppy ours is not there", true}},
	} {
		got, err := d.send(t.Context(), Draft{}, tripOf("a", c.to))
		require.NoError(t, err)
		assert.Equal(t, &c.want, got)
		over, underway := d.collect(tripOf("a", c.to).of)
		assert.Nil(t, over, "nothing was sent")
		assert.False(t, underway)
	}
	destinations, placements := woken(t, d, v1alpha1.KindDestination), woken(t, d, v1alpha1.KindWorkPlacement)
	told := func() {
		t.Helper()
		for queue, want := range map[rateLimited]client.Object{destinations: there, placements: placed} {
			require.Equal(t, 1, queue.Len())
			got, _ := queue.Get()
			assert.Equal(t, requestFor(want), got)
			queue.Done(got)
		}
	}
	d.fault(ours, "no Secret")
	told()
	d.fault(ours, "no Secret")
	assert.Zero(t, destinations.Len()+placements.Len(), "nobody is woken for nothing")
	got, err := d.send(t.Context(), Draft{}, tripOf("a", ours))
	require.NoError(t, err)
	assert.Equal(t, &obstacle{message: "BucketStateStore ours: no Secret"}, got)
	d.replace(ours, nil)
	told()
}

// TestReplacedStoreGivesEverythingBack, what is on its way and what waits.
func TestReplacedStoreGivesEverythingBack(t *testing.T) {
	d := running(t)
	queue := woken(t, d, "Test")
	before := newSlow()
	require.NoError(t, d.open(t.Context(), ours, "1", before))
	assert.Same(t, before, d.opened(ours, "1"))
	assert.Nil(t, d.opened(ours, "2"))
	for _, id := range []string{"a", "b"} {
		got, err := d.send(t.Context(), DraftOf(statestore.Change{ID: id}), tripOf(id, ours))
		require.NoError(t, err)
		require.Nil(t, got)
		if id == "a" {
			assert.Equal(t, 1, <-before.begun)
		}
	}
	after := newSlow()
	require.NoError(t, d.open(t.Context(), ours, "2", after))
	for range 2 {
		over := collected(t, d, queue)
		require.ErrorIs(t, over.outcome.Err, context.Canceled)
		assert.True(t, over.again, "it is sent to the new one")
	}
	<-before.closed
	close(after.let)
	_, err := d.send(t.Context(), DraftOf(statestore.Change{ID: "a"}), tripOf("a", ours))
	require.NoError(t, err)
	assert.NoError(t, collected(t, d, queue).outcome.Err)
}

// TestNoChangeIsLostWhileStoresAreReplaced: each is answered, however the moments fall.
func TestNoChangeIsLostWhileStoresAreReplaced(t *testing.T) {
	d := running(t)
	open := func() *slow {
		store := newSlow()
		store.begun = make(chan int, 10_000)
		close(store.let)
		return store
	}
	require.NoError(t, d.open(t.Context(), ours, "0", open()))
	const n = 2000
	queue := woken(t, d, "Test")
	var senders sync.WaitGroup
	for sender := range 4 {
		senders.Go(func() {
			for i := range n / 4 {
				got, err := d.send(context.Background(), DraftOf(statestore.Change{ID: "x"}), tripOf(fmt.Sprint(sender, i), ours))
				assert.NoError(t, err)
				assert.Nil(t, got)
			}
		})
	}
	for i := range 50 {
		require.NoError(t, d.open(t.Context(), ours, string(rune('a'+i)), open()))
	}
	senders.Wait()
	for range n {
		collected(t, d, queue)
	}
}

func TestTrips(t *testing.T) {
	d := running(t)
	store := newSlow()
	require.NoError(t, d.open(t.Context(), ours, "1", store))
	queue, checks := woken(t, d, "Test"), woken(t, d, ours.Kind)
	sent := tripOf("a", ours)

	over, underway := d.collect(sent.of)
	assert.Nil(t, over)
	assert.False(t, underway)
	got, err := d.send(t.Context(), DraftOf(statestore.Change{ID: "a"}), sent)
	require.NoError(t, err)
	require.Nil(t, got)
	<-store.begun
	over, underway = d.collect(sent.of)
	assert.Nil(t, over)
	assert.True(t, underway)

	close(store.let)
	over = collected(t, d, queue)
	assert.Same(t, sent, over)
	assert.True(t, over.again, "something has happened meanwhile")
	over, _ = d.collect(sent.of)
	assert.Nil(t, over, "it is over once")

	_, err = d.send(t.Context(), DraftOf(statestore.Change{ID: "a"}), tripOf("a", ours))
	require.NoError(t, err)
	over = collected(t, d, queue)
	assert.False(t, over.again, "nothing has happened since")
	d.note("Test", over.of.Request) // while the controller still reads what it sends
	_, err = d.send(t.Context(), DraftOf(statestore.Change{ID: "a"}), tripOf("a", ours))
	require.NoError(t, err)
	over = collected(t, d, queue)
	assert.True(t, over.again, "the end of a trip does not swallow what happened before it began")

	failed := func() *trip {
		_, err := d.send(t.Context(), Draft{"a", func(context.Context) (statestore.Change, error) { return statestore.Change{}, assert.AnError }}, tripOf("a", ours))
		require.NoError(t, err)
		return collected(t, d, queue)
	}
	first, second := failed(), failed()
	assert.Equal(t, firstRetry, first.retry)
	assert.Less(t, first.retry, second.retry)
	suspect, _ := checks.Get()
	assert.Equal(t, ours.Name, suspect.Name, "the State Store is checked")
	_, err = d.send(t.Context(), DraftOf(statestore.Change{ID: "a"}), tripOf("a", ours))
	require.NoError(t, err)
	over = collected(t, d, queue)
	assert.Zero(t, over.retry)
	assert.True(t, over.recovered)
	assert.Equal(t, firstRetry, failed().retry)
}
