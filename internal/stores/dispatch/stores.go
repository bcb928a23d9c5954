// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// batchLimit is how many changes go to a State Store at once.
const batchLimit = 1000

// stores are the State Stores that can be written to, each with its own queue: one
// that is slow or down keeps up no other.
type stores struct {
	// changed is told when a State Store comes, goes, or works again.
	changed []func(v1alpha1.StateStoreReference)
	reader  client.Reader
	// timeout is for one batch.
	timeout time.Duration
	// suspects check the State Stores of a kind.
	suspects map[string]*waker

	running chan struct{}   // closed when context is set
	context context.Context //nolint:containedctx // of Start: what queues live in
	queues  sync.WaitGroup

	mu  sync.Mutex
	all map[v1alpha1.StateStoreReference]*openStore
}

// openStore is a State Store as one version of its object and its Secret describe it.
type openStore struct {
	version string
	store   statestore.Store
	queue   *statestore.Queue
	stop    context.CancelFunc
	// fault is why there is no queue, for people.
	fault string
}

func newStores(reader client.Reader) *stores {
	return &stores{reader: reader, timeout: DefaultLimits().Batch, suspects: map[string]*waker{}, running: make(chan struct{}), all: map[v1alpha1.StateStoreReference]*openStore{}}
}

// Start implements manager.Runnable.
func (s *stores) Start(ctx context.Context) error {
	s.context = ctx
	close(s.running)
	<-ctx.Done()
	s.queues.Wait()
	return nil
}

// hold is why a change cannot be sent to a State Store.
type hold struct {
	// message is empty while the State Store is about to be opened.
	message string
	// missing tells that there is no such State Store.
	missing bool
}

// submit queues a change, or tells why it cannot; tell is called when that is over. It
// holds the lock: a queue that is replaced gives back only what is in it by then.
func (s *stores) submit(ctx context.Context, to v1alpha1.StateStoreReference, d statestore.Draft, done func(statestore.Outcome)) (*hold, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch o := s.all[to]; {
	case o == nil:
		there, err := s.exists(ctx, to)
		if err != nil || there {
			return &hold{}, err
		}
		return &hold{message: fmt.Sprintf("%s %s is not there", to.Kind, to.Name), missing: true}, nil
	case o.queue == nil:
		return &hold{message: fmt.Sprintf("%s %s: %s", to.Kind, to.Name, o.fault)}, nil
	default:
		o.queue.Submit(d, done)
		return nil, nil
	}
}

// exists reads from a cache.
func (s *stores) exists(ctx context.Context, ref v1alpha1.StateStoreReference) (bool, error) {
	var err error
	switch ref.Kind {
	case v1alpha1.KindGitStateStore:
		err = s.reader.Get(ctx, client.ObjectKey{Name: ref.Name}, &v1alpha1.GitStateStore{})
	case v1alpha1.KindBucketStateStore:
		err = s.reader.Get(ctx, client.ObjectKey{Name: ref.Name}, &v1alpha1.BucketStateStore{})
	default:
		return false, nil
	}
	return err == nil, client.IgnoreNotFound(err)
}

// get is the State Store of a version, if it is open.
func (s *stores) get(of v1alpha1.StateStoreReference, version string) statestore.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.all[of]; o != nil && o.version == version {
		return o.store
	}
	return nil
}

// put opens a State Store in place of the version before, of which what waits is
// given back with context.Canceled.
func (s *stores) put(ctx context.Context, of v1alpha1.StateStoreReference, version string, store statestore.Store) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.running:
	}
	life, stop := context.WithCancel(s.context)
	o := &openStore{version: version, store: store, queue: statestore.NewQueue(store, batchLimit, s.timeout), stop: stop}
	s.queues.Go(func() {
		o.queue.Run(life)
		if c, ok := store.(io.Closer); ok {
			_ = c.Close() // what is left is for temporary files
		}
	})
	s.replace(of, o)
	return nil
}

// fault keeps changes back, and says why.
func (s *stores) fault(of v1alpha1.StateStoreReference, why string) {
	s.mu.Lock()
	same := s.all[of] != nil && s.all[of].fault == why
	s.mu.Unlock()
	if !same {
		s.replace(of, &openStore{fault: why, stop: func() {}})
	}
}

// remove forgets a State Store.
func (s *stores) remove(of v1alpha1.StateStoreReference) { s.replace(of, nil) }

func (s *stores) replace(of v1alpha1.StateStoreReference, with *openStore) {
	s.mu.Lock()
	before := s.all[of]
	if with == nil {
		delete(s.all, of)
	} else {
		s.all[of] = with
	}
	s.mu.Unlock()
	if before != nil {
		before.stop()
	}
	s.tell(of)
}

func (s *stores) tell(of v1alpha1.StateStoreReference) {
	for _, changed := range s.changed {
		changed(of)
	}
}

// suspect has a State Store checked to which a change could not be written. That of
// many changes is one check.
func (s *stores) suspect(of v1alpha1.StateStoreReference) {
	s.suspects[of.Kind].wakeAfter(checkAfter, reconcile.Request{NamespacedName: types.NamespacedName{Name: of.Name}})
}

const checkAfter = time.Second
