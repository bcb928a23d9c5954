// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// flight is a change on its way to a State Store.
type flight[T client.Object] struct {
	// object is as it was when the change was made of it.
	object T
	store  v1alpha1.StateStoreReference

	begun   time.Time
	outcome *statestore.Outcome
	// again is set when something has happened to the object meanwhile.
	again bool
}

// flights let a controller go on while changes are on their way: nobody waits for
// a slow State Store but what goes there. An object has one flight at a time.
type flights[T client.Object] struct {
	landed  *waker
	backoff workqueue.TypedRateLimiter[reconcile.Request]

	mu  sync.Mutex
	all map[reconcile.Request]*flight[T]
}

// How soon a change that failed is tried again: at first, and at last.
const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = 2 * time.Minute
)

func newFlights[T client.Object](landed *waker) *flights[T] {
	return &flights[T]{
		landed:  landed,
		backoff: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry),
		all:     map[reconcile.Request]*flight[T]{},
	}
}

// begin sends a change off, or tells why nothing can be sent to its State Store.
func (f *flights[T]) begin(ctx context.Context, of reconcile.Request, fl *flight[T], to *stores, d statestore.Draft) (*hold, error) {
	f.mu.Lock()
	f.all[of], fl.begun = fl, time.Now()
	f.mu.Unlock()
	held, err := to.submit(ctx, fl.store, d, func(o statestore.Outcome) {
		f.mu.Lock()
		fl.outcome = &o
		f.mu.Unlock()
		f.landed.wake(of)
	})
	if held != nil || err != nil {
		f.mu.Lock()
		delete(f.all, of)
		f.mu.Unlock()
	}
	return held, err
}

// end takes a flight out that has landed. It is nil if there is none, and then
// flying tells whether one is on its way: it is looked at again when that lands.
func (f *flights[T]) end(of reconcile.Request) (landed *flight[T], flying bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := f.all[of]
	switch {
	case fl == nil:
		return nil, false
	case fl.outcome == nil:
		fl.again = true
		return nil, true
	}
	delete(f.all, of)
	return fl, false
}

// retry is how long to wait after a failure, longer each time.
func (f *flights[T]) retry(of reconcile.Request) time.Duration { return f.backoff.When(of) }

func (f *flights[T]) succeeded(of reconcile.Request) { f.backoff.Forget(of) }
