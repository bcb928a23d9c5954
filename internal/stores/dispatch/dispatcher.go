// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// dispatcher stands between the controllers and the State Stores. Each State Store has its own
// queue, so that one that is slow or down does not stop the others. A controller does not wait for
// a State Store either: it sends a change off, and is woken when the trip of the change is over.
type dispatcher struct {
	// reader is a cache.
	reader client.Reader
	// timeout is for one batch.
	timeout time.Duration
	backoff workqueue.TypedRateLimiter[sender]

	running chan struct{}   // closed when context is set
	context context.Context //nolint:containedctx // of Start: what queues live in
	queues  sync.WaitGroup

	mu     sync.Mutex
	stores map[v1alpha1.StateStoreReference]*knownStore
	// trips are those that are not collected yet. An object has one at a time.
	trips map[sender]*trip
	// noted are the objects to which something has happened since their controller last looked.
	noted map[sender]bool
	// controllers are the workqueues of those that can be woken, by the kind of their objects.
	controllers map[string]rateLimited
}

type rateLimited = workqueue.TypedRateLimitingInterface[reconcile.Request]

// sender is an object that has a change on its way, with the kind that its controller has.
type sender struct {
	kind string
	reconcile.Request
}

// trip is a change on its way to a State Store and back.
type trip struct {
	of sender
	to v1alpha1.StateStoreReference
	// finish puts the outcome into the status of the object, as the object was when it was sent.
	finish func(context.Context, *trip) (reconcile.Result, error)

	begun   time.Time
	outcome *statestore.Outcome // nil while it is on its way
	// retry is how long to wait after a failure, longer each time.
	retry time.Duration
	// recovered is whether the trip before it has failed.
	recovered bool
	// again is whether the object is to be looked at once more: something has happened to it since,
	// or the State Store has been opened again.
	again bool
}

// obstacle is what keeps a change from being sent to a State Store.
type obstacle struct {
	// message is empty while the State Store is about to be opened.
	message string
	// missing tells that there is no such State Store.
	missing bool
}

const (
	// firstRetry and lastRetry are how soon a change that failed is tried again: at first,
	// and after many failures.
	firstRetry, lastRetry = 500 * time.Millisecond, 2 * time.Minute
	// checkAfter is how soon a State Store is checked that a change could not be written to.
	// The failures of many changes until then lead to one check.
	checkAfter = time.Second
)

func newDispatcher(reader client.Reader) *dispatcher {
	return &dispatcher{
		reader: reader, timeout: DefaultLimits().Batch, running: make(chan struct{}),
		backoff:     workqueue.NewTypedItemExponentialFailureRateLimiter[sender](firstRetry, lastRetry),
		stores:      map[v1alpha1.StateStoreReference]*knownStore{},
		trips:       map[sender]*trip{},
		noted:       map[sender]bool{},
		controllers: map[string]rateLimited{},
	}
}

// Start implements manager.Runnable.
func (d *dispatcher) Start(ctx context.Context) error {
	d.context = ctx
	close(d.running)
	<-ctx.Done()
	d.queues.Wait()
	return nil
}

// submit begins a trip if the State Store is open, and returns what is known of the State Store;
// nil is nothing. It holds the lock: a queue that is replaced gives back only what is in it by
// then.
func (d *dispatcher) submit(draft Draft, t *trip) *knownStore {
	d.mu.Lock()
	defer d.mu.Unlock()
	store := d.stores[t.to]
	if store == nil || store.queue == nil {
		return store
	}
	t.begun = time.Now()
	d.trips[t.of] = t
	store.queue.Submit(draft, func(o statestore.Outcome) {
		d.mu.Lock()
		t.outcome = &o
		d.mu.Unlock()
		d.wake(t.of.kind, 0, t.of.Request)
	})
	return store
}

// note remembers that something has happened to objects, before their controller is woken. A
// workqueue holds an object once: the end of a trip and a deletion wake the controller together,
// and without a note it would take the deletion for a part of the trip.
func (d *dispatcher) note(kind string, objects ...reconcile.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range objects {
		d.noted[sender{kind, o}] = true
	}
}

// collect takes the trip of an object that is over. If there is none, underway tells whether one
// is on its way: then the controller is woken when that one is over. A controller collects before
// it reads the object, so that what is noted later leads to another look.
func (d *dispatcher) collect(of sender) (over *trip, underway bool) {
	d.mu.Lock()
	t, again := d.trips[of], d.noted[of]
	delete(d.noted, of)
	if t != nil && t.outcome == nil {
		t.again = true
		d.mu.Unlock()
		return nil, true
	}
	delete(d.trips, of)
	d.mu.Unlock()
	if t == nil {
		return nil, false
	}
	t.again = t.again || again
	switch err := t.outcome.Err; {
	case errors.Is(err, context.Canceled): // another version of the State Store has taken over
		t.again = true
	case err != nil:
		t.retry = d.backoff.When(of)
		d.checkAt(t.to, time.Time{})
		d.wake(t.to.Kind, checkAfter, reconcile.Request{NamespacedName: types.NamespacedName{Name: t.to.Name}})
	default:
		t.recovered = d.backoff.NumRequeues(of) > 0
		d.backoff.Forget(of)
	}
	return t, false
}

// wakes is a source of the controller of a kind, through which the dispatcher wakes it.
func (d *dispatcher) wakes(kind string) source.Source {
	return source.Func(func(_ context.Context, queue rateLimited) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.controllers[kind] = queue
		return nil
	})
}

// wake has a controller look at objects. What it is told before it has started is lost: it looks
// at everything then.
func (d *dispatcher) wake(kind string, after time.Duration, objects ...reconcile.Request) {
	d.mu.Lock()
	queue := d.controllers[kind]
	d.mu.Unlock()
	if queue == nil {
		return
	}
	for _, o := range objects {
		queue.AddAfter(o, after)
	}
}

// ask has a controller look at objects, also at those whose trip is over just now.
func (d *dispatcher) ask(kind string, objects ...reconcile.Request) {
	d.note(kind, objects...)
	d.wake(kind, 0, objects...)
}

// wakeSenders wakes all Destinations of a State Store, and their WorkPlacements: it has come, has
// gone, or works again.
func (d *dispatcher) wakeSenders(ref v1alpha1.StateStoreReference) {
	ctx := context.Background() // the reader is a cache
	destinations, err := destinationsOf(ctx, d.reader, ref)
	if err != nil {
		return // the cache is about to stop
	}
	d.ask(v1alpha1.KindDestination, requestsFor(destinations)...)
	for i := range destinations {
		if placements, err := placementsOf(ctx, d.reader, destinations[i].Name); err == nil {
			d.ask(v1alpha1.KindWorkPlacement, requestsFor(placements)...)
		}
	}
}
