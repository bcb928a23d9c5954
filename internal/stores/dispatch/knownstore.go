// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"io"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// knownStore is what is known of a State Store, as one version of its object and its Secret
// describe it. It is open if it has a queue.
type knownStore struct {
	version string
	store   statestore.Store
	queue   *Queue
	stop    context.CancelFunc
	// fault says to people why there is no queue.
	fault string
	// check is when the State Store is to be checked next.
	check time.Time
}

// exists reads from a cache.
func (d *dispatcher) exists(ctx context.Context, ref v1alpha1.StateStoreReference) (bool, error) {
	var err error
	switch ref.Kind {
	case v1alpha1.KindGitStateStore:
		err = d.reader.Get(ctx, client.ObjectKey{Name: ref.Name}, &v1alpha1.GitStateStore{})
	case v1alpha1.KindBucketStateStore:
		err = d.reader.Get(ctx, client.ObjectKey{Name: ref.Name}, &v1alpha1.BucketStateStore{})
	default:
		return false, nil
	}
	return err == nil, client.IgnoreNotFound(err)
}

// opened is the State Store of that version, or nil if that is not open.
func (d *dispatcher) opened(ref v1alpha1.StateStoreReference, version string) statestore.Store {
	d.mu.Lock()
	defer d.mu.Unlock()
	if o := d.stores[ref]; o != nil && o.version == version {
		return o.store
	}
	return nil
}

// due is how long it is until a State Store is to be checked. 0 is now: then the caller checks it. A
// change that fails meanwhile leads to another check.
func (d *dispatcher) due(ref v1alpha1.StateStoreReference, now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.stores[ref]
	if o == nil {
		return 0
	}
	if wait := o.check.Sub(now); wait > 0 {
		return wait
	}
	o.check = now.Add(checkEvery)
	return 0
}

// checkAt sets when a State Store is to be checked next.
func (d *dispatcher) checkAt(ref v1alpha1.StateStoreReference, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if o := d.stores[ref]; o != nil {
		o.check = at
	}
}

// open puts a State Store in the place of the version before. What waits in the queue of that one
// is given back with context.Canceled, and is sent again.
func (d *dispatcher) open(ctx context.Context, ref v1alpha1.StateStoreReference, version string, store statestore.Store) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-d.running:
	}
	life, stop := context.WithCancel(d.context)
	o := &knownStore{version: version, store: store, queue: NewQueue(store, batchLimit, d.timeout), stop: stop}
	d.queues.Go(func() {
		o.queue.Run(life)
		if c, ok := store.(io.Closer); ok {
			_ = c.Close() // what is left is in a directory for temporary files
		}
	})
	d.replace(ref, o)
	return nil
}

// fault keeps all changes to a State Store back, and says why.
func (d *dispatcher) fault(ref v1alpha1.StateStoreReference, why string) {
	d.mu.Lock()
	same := d.stores[ref] != nil && d.stores[ref].fault == why
	d.mu.Unlock()
	if !same {
		d.replace(ref, &knownStore{fault: why, stop: func() {}})
	}
}

// replace closes a State Store and puts another one in its place, or none.
func (d *dispatcher) replace(ref v1alpha1.StateStoreReference, with *knownStore) {
	d.mu.Lock()
	before := d.stores[ref]
	if with == nil {
		delete(d.stores, ref)
	} else {
		d.stores[ref] = with
	}
	d.mu.Unlock()
	if before != nil {
		before.stop()
	}
	d.wakeSenders(ref)
}
