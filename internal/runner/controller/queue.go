// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// queueKey names an object to reconcile in the queue of its controller: a request for what the
// Promise offers, or the Promise itself if the ObjectKey is empty.
type queueKey struct {
	Promise string
	client.ObjectKey
}

// claim is for a slot. The namespace is where the run is; it makes no difference to a release.
func (k queueKey) claim(namespace string) slots.Claim {
	return slots.Claim{Promise: k.Promise, Namespace: namespace, Object: k.ObjectKey}
}

// ownerKey names the object that a thing belongs to, by its labels. A request is in the given
// namespace if they say nothing of one.
func ownerKey(o client.Object, namespace string) queueKey {
	of := workflow.OwnerOf(o.GetLabels(), namespace)
	return queueKey{Promise: of.Promise, ObjectKey: of.Resource}
}

// first gives events of requests that have begun a higher priority than those of new ones. Of a
// thousand requests some are then done soon, and not all of them at the very end.
func first[T any](h handler.TypedEventHandler[T, queueKey]) handler.TypedEventHandler[T, queueKey] {
	return handler.TypedFuncs[T, queueKey]{
		CreateFunc:  func(ctx context.Context, e event.TypedCreateEvent[T], q queue) { h.Create(ctx, e, ahead(q)) },
		UpdateFunc:  func(ctx context.Context, e event.TypedUpdateEvent[T], q queue) { h.Update(ctx, e, ahead(q)) },
		DeleteFunc:  func(ctx context.Context, e event.TypedDeleteEvent[T], q queue) { h.Delete(ctx, e, ahead(q)) },
		GenericFunc: func(ctx context.Context, e event.TypedGenericEvent[T], q queue) { h.Generic(ctx, e, ahead(q)) },
	}
}

type queue = workqueue.TypedRateLimitingInterface[queueKey]

// aheadOfOthers is above 0, the priority of what people ask for. Objects that were there before
// the runner started have less than 0.
const aheadOfOthers = 1

func ahead(q queue) queue {
	ordered, ok := q.(priorityqueue.PriorityQueue[queueKey])
	if !ok {
		return q
	}
	return aheadQueue{ordered}
}

type aheadQueue struct {
	priorityqueue.PriorityQueue[queueKey]
}

// AddWithOpts keeps a priority that somebody has chosen.
func (q aheadQueue) AddWithOpts(o priorityqueue.AddOpts, items ...queueKey) {
	if o.Priority == nil {
		o.Priority = new(aheadOfOthers)
	}
	q.PriorityQueue.AddWithOpts(o, items...)
}

// Add implements workqueue.TypedInterface.
func (q aheadQueue) Add(item queueKey) { q.AddWithOpts(priorityqueue.AddOpts{}, item) }

// AddAfter implements workqueue.TypedDelayingInterface.
func (q aheadQueue) AddAfter(item queueKey, after time.Duration) {
	q.AddWithOpts(priorityqueue.AddOpts{After: after}, item)
}

// AddRateLimited implements workqueue.TypedRateLimitingInterface.
func (q aheadQueue) AddRateLimited(item queueKey) {
	q.AddWithOpts(priorityqueue.AddOpts{RateLimited: true}, item)
}
