// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
)

func (c *wiring) addWorks() error {
	ctl, err := c.controller("work", &works{Client: c.GetClient(), live: c.GetAPIReader(), events: c.options.Events, tracer: c.options.Tracer, now: time.Now})
	if err != nil {
		return err
	}
	owner := handler.TypedEnqueueRequestForOwner[*v1alpha1.WorkPlacement](c.GetScheme(), c.GetRESTMapper(), &v1alpha1.Work{}, handler.OnlyControllerOwner())
	return errors.Join(
		// Also its own statuses: one that was computed from an older one is corrected.
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.Work{}, &handler.TypedEnqueueRequestForObject[*v1alpha1.Work]{})),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.WorkPlacement{}, owner, turned())),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.Destination{}, handler.TypedEnqueueRequestsFromMapFunc(c.worksFor), scheduling())),
	)
}

// asked lets through what people and other programs ask for: everything but a new
// status.
func asked[T client.Object]() predicate.TypedPredicate[T] {
	return predicate.TypedFuncs[T]{UpdateFunc: func(e event.TypedUpdateEvent[T]) bool {
		before, after := e.ObjectOld, e.ObjectNew
		return before.GetGeneration() != after.GetGeneration() || before.GetUID() != after.GetUID() ||
			!maps.Equal(before.GetLabels(), after.GetLabels()) ||
			before.GetDeletionTimestamp().IsZero() != after.GetDeletionTimestamp().IsZero()
	}}
}

// turned lets through what the Work of a WorkPlacement must know of: not that it is
// there, which is the Work's own doing.
func turned() predicate.TypedPredicate[*v1alpha1.WorkPlacement] {
	changed := asked[*v1alpha1.WorkPlacement]()
	failing := func(p *v1alpha1.WorkPlacement) bool {
		return meta.IsStatusConditionFalse(p.Status.Conditions, placing.ConditionWritten)
	}
	return predicate.TypedFuncs[*v1alpha1.WorkPlacement]{
		CreateFunc: func(event.TypedCreateEvent[*v1alpha1.WorkPlacement]) bool { return false },
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.WorkPlacement]) bool {
			return changed.Update(e) || failing(e.ObjectOld) != failing(e.ObjectNew)
		},
	}
}

// scheduling lets through what a Destination is chosen by.
func scheduling() predicate.TypedPredicate[*v1alpha1.Destination] {
	changed := asked[*v1alpha1.Destination]()
	return predicate.TypedFuncs[*v1alpha1.Destination]{UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.Destination]) bool {
		onlySpec := maps.Equal(e.ObjectOld.Labels, e.ObjectNew.Labels) &&
			e.ObjectOld.DeletionTimestamp.IsZero() == e.ObjectNew.DeletionTimestamp.IsZero() &&
			e.ObjectOld.UID == e.ObjectNew.UID && e.ObjectOld.Spec.StrictMatchLabels == e.ObjectNew.Spec.StrictMatchLabels
		return changed.Update(e) && !onlySpec
	}}
}

// worksFor are the Works that a Destination, as it was or as it is, makes a difference
// to. An update asks for both.
func (c *wiring) worksFor(ctx context.Context, d *v1alpha1.Destination) []reconcile.Request {
	var requests []reconcile.Request
	placements, err := placementsOf(ctx, c.GetCache(), d.Name)
	if err != nil {
		return nil // the cache is about to stop
	}
	for i := range placements {
		if owner := metav1.GetControllerOf(&placements[i]); owner != nil {
			requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: placements[i].Namespace, Name: owner.Name}})
		}
	}
	all := &v1alpha1.WorkList{}
	if err := c.GetCache().List(ctx, all, client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	for i := range all.Items {
		if placing.Concerns(&all.Items[i], d) {
			requests = append(requests, requestFor(&all.Items[i]))
		}
	}
	return requests
}

func (c *wiring) addWorkPlacements() error {
	wakes := &waker{}
	r := &workPlacements{
		Client: c.GetClient(), live: c.GetAPIReader(), stores: c.stores, flights: newFlights[*v1alpha1.WorkPlacement](wakes), now: time.Now, events: c.options.Events,
		contents: &contents{records: c.options.Records, tempDir: c.options.TempDir},
		tracer:   c.options.Tracer,
	}
	ctl, err := c.controller("workplacement", r)
	if err != nil {
		return err
	}
	c.stores.changed = append(c.stores.changed, func(of v1alpha1.StateStoreReference) { wakes.wake(c.placementsIn(of)...) })
	to := handler.TypedEnqueueRequestsFromMapFunc(func(ctx context.Context, d *v1alpha1.Destination) []reconcile.Request {
		requests := c.placementsFor(ctx, d.Name)
		for _, rival := range c.rivalsOf(ctx, d) {
			requests = append(requests, c.placementsFor(ctx, rival.Name)...)
		}
		return requests
	})
	return errors.Join(
		ctl.Watch(source.Func(wakes.start)),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.WorkPlacement{}, &handler.TypedEnqueueRequestForObject[*v1alpha1.WorkPlacement]{}, asked[*v1alpha1.WorkPlacement]())),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.Destination{}, to, predicate.TypedGenerationChangedPredicate[*v1alpha1.Destination]{})),
		c.every(func() {
			all := &v1alpha1.WorkPlacementList{}
			if err := c.GetCache().List(context.Background(), all, client.UnsafeDisableDeepCopy); err != nil {
				return // the cache is about to stop
			}
			for i := range all.Items {
				wakes.wake(requestFor(&all.Items[i]))
			}
		}),
	)
}

// every repairs drift. All at once, because what is pending together is written
// together.
func (c *wiring) every(do func()) error {
	if c.options.Interval <= 0 {
		return nil
	}
	return c.Add(manager.RunnableFunc(func(ctx context.Context) error {
		tick := time.NewTicker(c.options.Interval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				do()
			}
		}
	}))
}

func (c *wiring) placementsFor(ctx context.Context, destination string) []reconcile.Request {
	all, err := placementsOf(ctx, c.GetCache(), destination)
	if err != nil {
		return nil // the cache is about to stop
	}
	var requests []reconcile.Request
	for i := range all {
		requests = append(requests, requestFor(&all[i]))
	}
	return requests
}

func (c *wiring) placementsIn(store v1alpha1.StateStoreReference) []reconcile.Request {
	var requests []reconcile.Request
	for _, d := range c.destinationsIn(store) {
		requests = append(requests, c.placementsFor(context.Background(), d.Name)...)
	}
	return requests
}

func (c *wiring) destinationsIn(store v1alpha1.StateStoreReference) []reconcile.Request {
	all, err := destinationsOf(context.Background(), c.GetCache(), store)
	if err != nil {
		return nil // the cache is about to stop
	}
	var requests []reconcile.Request
	for i := range all {
		requests = append(requests, requestFor(&all[i]))
	}
	return requests
}

func (c *wiring) addDestinations() error {
	wakes := &waker{}
	r := &destinations{Client: c.GetClient(), stores: c.stores, flights: newFlights[*v1alpha1.Destination](wakes), now: time.Now, events: c.options.Events}
	ctl, err := c.controller("destination", r)
	if err != nil {
		return err
	}
	c.stores.changed = append(c.stores.changed, func(of v1alpha1.StateStoreReference) { wakes.wake(c.destinationsIn(of)...) })
	target := handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, p *v1alpha1.WorkPlacement) []reconcile.Request {
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Name: p.Spec.TargetDestinationName}}}
	})
	gone := predicate.TypedFuncs[*v1alpha1.WorkPlacement]{
		CreateFunc: func(event.TypedCreateEvent[*v1alpha1.WorkPlacement]) bool { return false },
		UpdateFunc: func(event.TypedUpdateEvent[*v1alpha1.WorkPlacement]) bool { return false },
	}
	changed := predicate.TypedFuncs[*v1alpha1.Destination]{UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.Destination]) bool {
		return e.ObjectOld.Generation != e.ObjectNew.Generation
	}}
	return errors.Join(
		ctl.Watch(source.Func(wakes.start)),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.Destination{}, &handler.TypedEnqueueRequestForObject[*v1alpha1.Destination]{}, changed)),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.Destination{}, handler.TypedEnqueueRequestsFromMapFunc(c.rivalsOf), changed)),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.WorkPlacement{}, target, gone)),
		c.every(func() {
			all := &v1alpha1.DestinationList{}
			if err := c.GetCache().List(context.Background(), all, client.UnsafeDisableDeepCopy); err != nil {
				return // the cache is about to stop
			}
			for i := range all.Items {
				wakes.wake(requestFor(&all.Items[i]))
			}
		}),
	)
}

func addStateStores[T client.Object](c *wiring, k *kind[T]) error {
	wakes := &waker{}
	r := &stateStores[T]{
		Client: c.GetClient(), kind: k, live: c.GetAPIReader(), stores: c.stores, now: time.Now, events: c.options.Events,
		backoff: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastCheck),
	}
	ctl, err := c.controller(strings.ToLower(k.name), r)
	if err != nil {
		return err
	}
	c.stores.suspects[k.name] = wakes
	return errors.Join(
		ctl.Watch(source.Func(wakes.start)),
		ctl.Watch(source.Kind(c.GetCache(), k.empty(), &handler.TypedEnqueueRequestForObject[T]{}, predicate.TypedGenerationChangedPredicate[T]{})),
	)
}
