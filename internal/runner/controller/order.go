// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
)

// first lets what has begun go before what has not: of many requests under way some are
// then soon done, and not all of them at the very end.
func first[T any](h handler.TypedEventHandler[T, Request]) handler.TypedEventHandler[T, Request] {
	return handler.TypedFuncs[T, Request]{
		CreateFunc:  func(ctx context.Context, e event.TypedCreateEvent[T], q queue) { h.Create(ctx, e, ahead(q)) },
		UpdateFunc:  func(ctx context.Context, e event.TypedUpdateEvent[T], q queue) { h.Update(ctx, e, ahead(q)) },
		DeleteFunc:  func(ctx context.Context, e event.TypedDeleteEvent[T], q queue) { h.Delete(ctx, e, ahead(q)) },
		GenericFunc: func(ctx context.Context, e event.TypedGenericEvent[T], q queue) { h.Generic(ctx, e, ahead(q)) },
	}
}

type queue = workqueue.TypedRateLimitingInterface[Request]

// aheadOfOthers is above the priority of what people ask for, which is 0. What there was
// before the runner came has less.
const aheadOfOthers = 1

func ahead(q queue) queue {
	ordered, ok := q.(priorityqueue.PriorityQueue[Request])
	if !ok {
		return q
	}
	return aheadQueue{ordered}
}

type aheadQueue struct {
	priorityqueue.PriorityQueue[Request]
}

// AddWithOpts keeps a priority that somebody has chosen.
func (q aheadQueue) AddWithOpts(o priorityqueue.AddOpts, items ...Request) {
	if o.Priority == nil {
		o.Priority = new(aheadOfOthers)
	}
	q.PriorityQueue.AddWithOpts(o, items...)
}

// Add implements workqueue.TypedInterface.
func (q aheadQueue) Add(item Request) { q.AddWithOpts(priorityqueue.AddOpts{}, item) }

// AddAfter implements workqueue.TypedDelayingInterface.
func (q aheadQueue) AddAfter(item Request, after time.Duration) {
	q.AddWithOpts(priorityqueue.AddOpts{After: after}, item)
}

// AddRateLimited implements workqueue.TypedRateLimitingInterface.
func (q aheadQueue) AddRateLimited(item Request) {
	q.AddWithOpts(priorityqueue.AddOpts{RateLimited: true}, item)
}
