// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// kinds are those that Promises offer. Each is watched from when its API is served until the
// Promise goes. There may be requests of a kind that is not watched; nothing is known of them.
type kinds struct {
	cache      cache.Cache
	controller controller.TypedController[queueKey]

	mu      sync.Mutex
	watched map[string]offer // by the name of the Promise
}

// offer is the kind of one Promise, served by one CustomResourceDefinition. The UIDs tell both
// from later ones of the same names: a watch ends with the objects for which it was begun.
type offer struct {
	promise, crd types.UID
	kind         schema.GroupVersionKind
}

// watch begins to watch what a Promise offers. It first ends the watch of another kind that a
// Promise of this name has offered. It does not wait until the requests are listed.
func (k *kinds) watch(ctx context.Context, promise string, o offer) error {
	if k.watches(promise, o) {
		return nil
	}
	if err := k.end(ctx, promise); err != nil {
		return err
	}
	k.mu.Lock()
	k.watched[promise] = o
	k.mu.Unlock()
	// The lock is not held here: a controller that is starting holds its own lock for a while.
	if err := k.controller.Watch(k.events(promise, o.kind)); err != nil {
		return errors.Join(fmt.Errorf("watch the requests: %w", err), k.end(ctx, promise))
	}
	return nil
}

func (k *kinds) watches(promise string, o offer) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.watched[promise] == o
}

// end ends what watch began for a Promise of that name.
func (k *kinds) end(ctx context.Context, promise string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	was, ok := k.watched[promise]
	if !ok {
		return nil
	}
	delete(k.watched, promise)
	return k.drop(ctx, was.kind)
}

// keep ends what was watched for another Promise of the same name.
func (k *kinds) keep(ctx context.Context, promise client.Object) error {
	if k.named(promise.GetName()) == promise.GetUID() {
		return nil
	}
	return k.end(ctx, promise.GetName())
}

// drop ends the watch of a kind, unless a Promise offers it.
func (k *kinds) drop(ctx context.Context, kind schema.GroupVersionKind) error {
	for _, o := range k.watched {
		if o.kind == kind {
			return nil
		}
	}
	return k.cache.RemoveInformer(ctx, some(kind))
}

// named is the UID of the Promise of that name if its kind is watched, and empty if it is not.
func (k *kinds) named(promise string) types.UID {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.watched[promise].promise
}

// read calls do to read objects of the kind that a Promise offers; ok is false if that kind is not
// watched. A cache begins to watch whatever is read. If the watch was ended during do, it is
// ended again here.
func (k *kinds) read(ctx context.Context, promise string, uid types.UID, do func(schema.GroupVersionKind) error) (ok bool, err error) {
	k.mu.Lock()
	o, ok := k.watched[promise]
	k.mu.Unlock()
	if !ok || o.promise != uid {
		return false, nil
	}
	err = do(o.kind)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.watched[promise] != o {
		return false, k.drop(ctx, o.kind)
	}
	return true, err
}

// events is a source of events of a kind. It takes the place of controller-runtime's source.Kind,
// which waits for the first list and keeps the controller from starting: some kinds are never
// listed.
func (k *kinds) events(promise string, kind schema.GroupVersionKind) source.TypedSource[queueKey] {
	to := handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, o *unstructured.Unstructured) []queueKey {
		return []queueKey{{Promise: promise, ObjectKey: client.ObjectKeyFromObject(o)}}
	})
	wanted := besidesStatus[*unstructured.Unstructured]()
	return source.TypedFunc[queueKey](func(ctx context.Context, q queue) error {
		informer, err := k.cache.GetInformer(ctx, some(kind), cache.BlockUntilSynced(false))
		if err != nil {
			return err
		}
		_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerDetailedFuncs{
			AddFunc: func(o any, first bool) {
				to.Create(ctx, event.TypedCreateEvent[*unstructured.Unstructured]{Object: o.(*unstructured.Unstructured), IsInInitialList: first}, q)
			},
			UpdateFunc: func(before, after any) {
				e := event.TypedUpdateEvent[*unstructured.Unstructured]{ObjectOld: before.(*unstructured.Unstructured), ObjectNew: after.(*unstructured.Unstructured)}
				if wanted.Update(e) {
					to.Update(ctx, e, q)
				}
			},
			DeleteFunc: func(o any) {
				if missed, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
					o = missed.Obj
				}
				to.Delete(ctx, event.TypedDeleteEvent[*unstructured.Unstructured]{Object: o.(*unstructured.Unstructured)}, q)
			},
		})
		return err
	})
}
