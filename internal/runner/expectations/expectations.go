// SPDX-License-Identifier: Apache-2.0

// Package expectations remembers what this process has written until a cache shows it. A cache
// is a moment behind. Example: the runner writes a status and reconciles the object again, and
// the cache still has the version without that status. What is decided for that version is
// refused by the API server; and a run that the cache does not show yet would be made twice.
package expectations

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Writes are those of one process. The zero value is ready for use, by several goroutines.
type Writes struct {
	mu      sync.Mutex
	objects map[Identity]write
	swept   time.Time
}

// Identity tells an object from one that had its name before.
type Identity struct {
	client.ObjectKey
	UID types.UID
}

// write is what has been done to one object.
type write struct {
	// replaced are the versions that it had, and last is when it got a new one.
	replaced map[string]bool
	last     time.Time
	// created has the labels of an object that no cache has shown yet; nil if one has.
	created labels.Set
}

// behindAtMost is for how long versions are remembered. A cache that is further behind is
// refused by the API server instead.
const behindAtMost = time.Minute

// Replaced notes that an object had a version until it was written, unless that has changed
// nothing.
func (w *Writes) Replaced(o client.Object, version string, now time.Time) {
	if version != o.GetResourceVersion() {
		w.past(o, version, now)
	}
}

// Deleted notes that an object is no more.
func (w *Writes) Deleted(o client.Object, now time.Time) { w.past(o, o.GetResourceVersion(), now) }

// past notes that an object is not in a version any more.
func (w *Writes) past(o client.Object, version string, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.swept) > behindAtMost {
		maps.DeleteFunc(w.objects, func(_ Identity, of write) bool { return of.created == nil && now.Sub(of.last) > behindAtMost })
		w.swept = now
	}
	of := w.objects[identify(o)]
	if of.replaced == nil {
		of.replaced = map[string]bool{}
	}
	of.replaced[version], of.last = true, now
	w.note(o, of)
}

// Stale tells whether an object, as a cache shows it, has a version that was replaced. If it has
// not, the cache has caught up, and the versions are forgotten.
func (w *Writes) Stale(o client.Object) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.objects[identify(o)].replaced[o.GetResourceVersion()] {
		return true
	}
	delete(w.objects, identify(o))
	return false
}

// Created notes that an object is there now.
func (w *Writes) Created(o client.Object) {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := w.objects[identify(o)]
	of.created = labels.Set(maps.Clone(o.GetLabels()))
	if of.created == nil {
		of.created = labels.Set{}
	}
	w.note(o, of)
}

// Unseen are the created objects with these labels that are not among those that a cache shows.
// Those that it shows are forgotten.
func (w *Writes) Unseen(wanted map[string]string, shown []Identity) []Identity {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range shown {
		delete(w.objects, id)
	}
	var unseen []Identity
	for id, of := range w.objects {
		if of.created != nil && labels.SelectorFromSet(wanted).Matches(of.created) {
			unseen = append(unseen, id)
		}
	}
	slices.SortFunc(unseen, func(a, b Identity) int { return cmp.Compare(a.String(), b.String()) })
	return unseen
}

// Forget ends the wait for an object that is gone.
func (w *Writes) Forget(id Identity) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.objects, id)
}

func (w *Writes) note(o client.Object, of write) {
	if w.objects == nil {
		w.objects = map[Identity]write{}
	}
	w.objects[identify(o)] = of
}

// Identities are those of the objects in a list.
func Identities[T any, P interface {
	*T
	client.Object
}](all []T) []Identity {
	ids := make([]Identity, len(all))
	for i := range all {
		ids[i] = identify(P(&all[i]))
	}
	return ids
}

func identify(o client.Object) Identity { return Identity{client.ObjectKeyFromObject(o), o.GetUID()} }
