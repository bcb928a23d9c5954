// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
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

// slow is a State Store whose batches wait until they are let, or cancelled.
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

func (*slow) Read(context.Context, string) ([]byte, error) { return nil, errors.ErrUnsupported }
func (*slow) Check(context.Context) error                  { return nil }

func (s *slow) Close() error {
	s.closing.Do(func() { close(s.closed) })
	return nil
}

var ours = v1alpha1.StateStoreReference{Kind: v1alpha1.KindBucketStateStore, Name: "ours"}

func running(t testing.TB, there ...client.Object) *stores {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	s := newStores(fake.NewClientBuilder().WithScheme(scheme).WithObjects(there...).Build())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
	return s
}

func TestWhyNothingCanBeSent(t *testing.T) {
	s := running(t, &v1alpha1.BucketStateStore{ObjectMeta: metav1.ObjectMeta{Name: "ours"}})
	never := func(statestore.Outcome) { t.Error("nothing was sent") }
	for _, c := range []struct {
		to   v1alpha1.StateStoreReference
		want hold
	}{
		{ours, hold{}}, // it is about to be opened
		{v1alpha1.StateStoreReference{Kind: v1alpha1.KindBucketStateStore, Name: "other"}, hold{"BucketStateStore other is not there", true}},
		{v1alpha1.StateStoreReference{Kind: v1alpha1.KindGitStateStore, Name: "ours"}, hold{"GitStateStore ours is not there", true}},
		{v1alpha1.StateStoreReference{Kind: "Floppy", Name: "ours"}, hold{"Floppy ours is not there", true}},
	} {
		held, err := s.submit(t.Context(), c.to, statestore.Draft{}, never)
		require.NoError(t, err)
		assert.Equal(t, &c.want, held)
	}
	told := 0
	s.changed = append(s.changed, func(of v1alpha1.StateStoreReference) { told++; assert.Equal(t, ours, of) })
	s.fault(ours, "no Secret")
	s.fault(ours, "no Secret")
	assert.Equal(t, 1, told, "nobody is woken for nothing")
	held, err := s.submit(t.Context(), ours, statestore.Draft{}, never)
	require.NoError(t, err)
	assert.Equal(t, &hold{message: "BucketStateStore ours: no Secret"}, held)
	s.remove(ours)
	assert.Equal(t, 2, told)
}

// TestReplacedStoreGivesEverythingBack, what is on its way and what waits.
func TestReplacedStoreGivesEverythingBack(t *testing.T) {
	s := running(t)
	before := newSlow()
	require.NoError(t, s.put(t.Context(), ours, "1", before))
	assert.Same(t, before, s.get(ours, "1"))
	assert.Nil(t, s.get(ours, "2"))
	outcomes := make(chan error, 2)
	for _, id := range []string{"a", "b"} {
		held, err := s.submit(t.Context(), ours, statestore.Change{ID: id}.Draft(), func(o statestore.Outcome) { outcomes <- o.Err })
		require.NoError(t, err)
		require.Nil(t, held)
		if id == "a" {
			assert.Equal(t, 1, <-before.begun)
		}
	}
	after := newSlow()
	require.NoError(t, s.put(t.Context(), ours, "2", after))
	for range 2 {
		assert.ErrorIs(t, <-outcomes, context.Canceled)
	}
	<-before.closed
	close(after.let)
	_, err := s.submit(t.Context(), ours, statestore.Change{ID: "a"}.Draft(), func(o statestore.Outcome) { outcomes <- o.Err })
	require.NoError(t, err)
	assert.NoError(t, <-outcomes)
}

// TestNoChangeIsLostWhileStoresAreReplaced: each is answered, however the moments fall.
func TestNoChangeIsLostWhileStoresAreReplaced(t *testing.T) {
	s := running(t)
	open := func() *slow {
		store := newSlow()
		store.begun = make(chan int, 10_000)
		close(store.let)
		return store
	}
	require.NoError(t, s.put(t.Context(), ours, "0", open()))
	const n = 2000
	answered := make(chan struct{}, n)
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for range n / 4 {
				held, err := s.submit(context.Background(), ours, statestore.Change{ID: "x"}.Draft(), func(statestore.Outcome) { answered <- struct{}{} })
				assert.NoError(t, err)
				assert.Nil(t, held)
			}
		})
	}
	for i := range 50 {
		require.NoError(t, s.put(t.Context(), ours, string(rune('a'+i)), open()))
	}
	senders.Wait()
	for range n {
		<-answered
	}
}

func TestFlights(t *testing.T) {
	s := running(t)
	store := newSlow()
	require.NoError(t, s.put(t.Context(), ours, "1", store))
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	landed := &waker{}
	require.NoError(t, landed.start(t.Context(), queue))
	f := newFlights[*v1alpha1.Destination](landed)
	of := reconcile.Request{NamespacedName: client.ObjectKey{Name: "a"}}
	fl := &flight[*v1alpha1.Destination]{store: ours}

	got, flying := f.end(of)
	assert.Nil(t, got)
	assert.False(t, flying)
	held, err := f.begin(t.Context(), of, fl, s, statestore.Change{ID: "a"}.Draft())
	require.NoError(t, err)
	require.Nil(t, held)
	<-store.begun
	got, flying = f.end(of)
	assert.Nil(t, got)
	assert.True(t, flying)

	close(store.let)
	woken, _ := queue.Get()
	assert.Equal(t, of, woken)
	got, flying = f.end(of)
	assert.Same(t, fl, got)
	assert.False(t, flying)
	assert.True(t, got.again, "something has happened meanwhile")
	got, _ = f.end(of)
	assert.Nil(t, got, "it ends once")

	fl = &flight[*v1alpha1.Destination]{store: v1alpha1.StateStoreReference{Kind: "Floppy"}}
	held, err = f.begin(t.Context(), of, fl, s, statestore.Draft{})
	require.NoError(t, err)
	assert.True(t, held.missing)
	got, flying = f.end(of)
	assert.Nil(t, got)
	assert.False(t, flying)

	assert.Less(t, f.retry(of), f.retry(of))
	f.succeeded(of)
	assert.Equal(t, firstRetry, f.retry(of))
}
