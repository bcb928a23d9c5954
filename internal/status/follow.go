// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Watcher reports changes.
type Watcher interface {
	Watch(ctx context.Context, list client.ObjectList, opts ...client.ListOption) (watch.Interface, error)
}

// Look reads everything once and shows it. It returns what it has read, and true if the object is
// settled.
type Look func(ctx context.Context) (scopes []Scope, done bool, err error)

const (
	// breath is a short wait after a change: changes that come together cause one look.
	breath = 100 * time.Millisecond
	// calm is how long a settled object must stay so until Follow ends: the controller may not have
	// seen the last change yet.
	calm = time.Second
	// reopen is how long a watch stays closed after it has ended or failed.
	reopen = time.Second
)

// Follow looks, and looks again whenever something has changed that it has read. It ends when the
// object is settled. It leaves out kinds that may not be watched or are not served.
func Follow(ctx context.Context, w Watcher, look Look) error {
	f := &follower{watcher: w, open: map[Scope]bool{}, changed: make(chan struct{}, 1), closed: make(chan Scope)}
	ctx, cancel := context.WithCancel(ctx)
	defer f.watches.Wait()
	defer cancel()
	for {
		scopes, done, err := look(ctx)
		if err != nil {
			return err
		}
		f.watch(ctx, scopes)
		if f.still(ctx, done) {
			return ctx.Err()
		}
	}
}

type follower struct {
	watcher Watcher
	// open has what is watched, and what is left out.
	open    map[Scope]bool
	watches sync.WaitGroup
	changed chan struct{}
	closed  chan Scope
}

// watch opens the watches that are not open yet. No change between reading and watching is lost: a
// new watch begins with one event for each object that there is.
func (f *follower) watch(ctx context.Context, scopes []Scope) {
	for _, s := range scopes {
		if f.open[s] {
			continue
		}
		f.open[s] = true
		f.watches.Go(func() { f.follow(ctx, s) })
	}
}

// follow signals that something has changed. It does not say what: everything is read again.
func (f *follower) follow(ctx context.Context, s Scope) {
	defer func() {
		select {
		case f.closed <- s:
		case <-ctx.Done():
		}
	}()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(s.Kind.GroupVersion().WithKind(s.Kind.Kind + "List"))
	events, err := f.watcher.Watch(ctx, list, s.options()...)
	if absent(err) {
		<-ctx.Done()
		return
	}
	if err == nil {
		f.pass(ctx, events)
		events.Stop()
	}
	select {
	case <-time.After(reopen):
	case <-ctx.Done():
	}
}

// pass signals every event until the watch ends.
func (f *follower) pass(ctx context.Context, events watch.Interface) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, more := <-events.ResultChan():
			if !more || e.Type == watch.Error {
				return
			}
			f.signal()
		}
	}
}

func (s Scope) options() []client.ListOption {
	opts := []client.ListOption{client.InNamespace(s.Namespace)}
	if s.Name != "" {
		opts = append(opts, client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", s.Name)})
	}
	if selector, err := labels.Parse(s.Selector); err == nil && s.Selector != "" {
		opts = append(opts, client.MatchingLabelsSelector{Selector: selector})
	}
	return opts
}

// signal tells that something has changed, however often that happens before the next look.
func (f *follower) signal() {
	select {
	case f.changed <- struct{}{}:
	default: // the signal is there already
	}
}

// still waits for a change. It returns true if none came: a settled object has stayed so, or the
// context has ended.
func (f *follower) still(ctx context.Context, settled bool) bool {
	var quiet <-chan time.Time
	if settled {
		quiet = time.After(calm)
	}
	for {
		select {
		case <-ctx.Done():
			return true
		case <-quiet:
			return true
		case s := <-f.closed:
			delete(f.open, s)
			return false
		case <-f.changed:
		}
		select {
		case <-ctx.Done():
			return true
		case <-time.After(breath):
			return false
		}
	}
}
