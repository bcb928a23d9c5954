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
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
)

func (c *wiring) addWorks() error {
	ctl, err := c.controller("work", &works{Client: c.GetClient(), live: c.GetAPIReader(), tell: teller{c.options.Events}, meters: c.meters, tracer: c.options.Tracer, now: time.Now})
	if err != nil {
		return err
	}
	owner := handler.TypedEnqueueRequestForOwner[*v1alpha1.WorkPlacement](c.GetScheme(), c.GetRESTMapper(), &v1alpha1.Work{}, handler.OnlyControllerOwner())
	return errors.Join(
		// A status that was computed from an older one is corrected: so its own statuses wake it, too.
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.Work{}, &handler.TypedEnqueueRequestForObject[*v1alpha1.Work]{})),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.WorkPlacement{}, owner, concernsWork())),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.Destination{}, handler.TypedEnqueueRequestsFromMapFunc(c.worksFor), choosing())),
	)
}

// noting has events wake the controller of a kind, whose objects make trips. The dispatcher notes
// what happens to them.
func noting[T client.Object](d *dispatcher, kind string, woken func(context.Context, T) []reconcile.Request) handler.TypedEventHandler[T, reconcile.Request] {
	return handler.TypedEnqueueRequestsFromMapFunc(func(ctx context.Context, o T) []reconcile.Request {
		requests := woken(ctx, o)
		d.note(kind, requests...)
		return requests
	})
}

func itself[T client.Object](_ context.Context, o T) []reconcile.Request {
	return []reconcile.Request{requestFor(o)}
}

// besidesStatus lets everything through but a new status: what people and other programs ask for.
func besidesStatus[T client.Object]() predicate.TypedPredicate[T] {
	return predicate.TypedFuncs[T]{UpdateFunc: func(e event.TypedUpdateEvent[T]) bool {
		before, after := e.ObjectOld, e.ObjectNew
		return before.GetGeneration() != after.GetGeneration() || before.GetUID() != after.GetUID() ||
			!maps.Equal(before.GetLabels(), after.GetLabels()) ||
			before.GetDeletionTimestamp().IsZero() != after.GetDeletionTimestamp().IsZero()
	}}
}

// concernsWork lets through what the Work of a WorkPlacement must be told. Of a new WorkPlacement
// it need not be told: the controller of Works has made it.
func concernsWork() predicate.TypedPredicate[*v1alpha1.WorkPlacement] {
	changed := besidesStatus[*v1alpha1.WorkPlacement]()
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

// choosing lets through changes of what a Destination is chosen by.
func choosing() predicate.TypedPredicate[*v1alpha1.Destination] {
	return predicate.TypedFuncs[*v1alpha1.Destination]{UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.Destination]) bool {
		before, after := e.ObjectOld, e.ObjectNew
		return before.UID != after.UID || !maps.Equal(before.Labels, after.Labels) ||
			before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero() ||
			before.Spec.StrictMatchLabels != after.Spec.StrictMatchLabels
	}}
}

// worksFor are the Works to which a Destination makes a difference. An update calls it for the
// Destination as it was, and as it is.
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
	ctl, err := c.controller("workplacement", &workPlacements{
		Client: c.GetClient(), live: c.GetAPIReader(), dispatcher: c.dispatcher, now: time.Now, tell: teller{c.options.Events}, meters: c.meters,
		contents: &contents{records: c.options.Records, tempDir: c.options.TempDir},
		tracer:   c.options.Tracer,
	})
	if err != nil {
		return err
	}
	own := noting(c.dispatcher, v1alpha1.KindWorkPlacement, itself[*v1alpha1.WorkPlacement])
	ofDestination := noting(c.dispatcher, v1alpha1.KindWorkPlacement, func(ctx context.Context, d *v1alpha1.Destination) []reconcile.Request {
		requests := c.placementsFor(ctx, d.Name)
		for _, rival := range c.rivalsOf(ctx, d) {
			requests = append(requests, c.placementsFor(ctx, rival.Name)...)
		}
		return requests
	})
	return errors.Join(
		ctl.Watch(c.dispatcher.wakes(v1alpha1.KindWorkPlacement)),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.WorkPlacement{}, own, besidesStatus[*v1alpha1.WorkPlacement]())),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.Destination{}, ofDestination, predicate.TypedGenerationChangedPredicate[*v1alpha1.Destination]{})),
	)
}

func (c *wiring) placementsFor(ctx context.Context, destination string) []reconcile.Request {
	all, err := placementsOf(ctx, c.GetCache(), destination)
	if err != nil {
		return nil // the cache is about to stop
	}
	return requestsFor(all)
}

// rivalsOf are the Destinations that may get or lose their directory when d comes, changes or goes.
func (c *wiring) rivalsOf(ctx context.Context, d *v1alpha1.Destination) []reconcile.Request {
	all := &v1alpha1.DestinationList{}
	if err := c.GetCache().List(ctx, all, client.UnsafeDisableDeepCopy); err != nil {
		return nil // the cache is about to stop
	}
	var requests []reconcile.Request
	for _, rival := range layout.Rivals(d, all.Items) {
		requests = append(requests, requestFor(rival))
	}
	return requests
}

func (c *wiring) addDestinations() error {
	ctl, err := c.controller("destination", &destinations{Client: c.GetClient(), dispatcher: c.dispatcher, now: time.Now, tell: teller{c.options.Events}})
	if err != nil {
		return err
	}
	own := noting(c.dispatcher, v1alpha1.KindDestination, itself[*v1alpha1.Destination])
	ofRival := noting(c.dispatcher, v1alpha1.KindDestination, c.rivalsOf)
	ofPlacement := noting(c.dispatcher, v1alpha1.KindDestination, func(_ context.Context, p *v1alpha1.WorkPlacement) []reconcile.Request {
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Name: target(p)}}}
	})
	gone := predicate.TypedFuncs[*v1alpha1.WorkPlacement]{
		CreateFunc: func(event.TypedCreateEvent[*v1alpha1.WorkPlacement]) bool { return false },
		UpdateFunc: func(event.TypedUpdateEvent[*v1alpha1.WorkPlacement]) bool { return false },
	}
	changed := predicate.TypedGenerationChangedPredicate[*v1alpha1.Destination]{}
	return errors.Join(
		ctl.Watch(c.dispatcher.wakes(v1alpha1.KindDestination)),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.Destination{}, own, changed)),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.Destination{}, ofRival, changed)),
		ctl.Watch(source.Kind(c.GetCache(), &v1alpha1.WorkPlacement{}, ofPlacement, gone)),
	)
}

func addStateStores[T client.Object](c *wiring, k *kind[T]) error {
	ctl, err := c.controller(strings.ToLower(k.name), &stateStores[T]{
		Client: c.GetClient(), kind: k, live: c.GetAPIReader(), dispatcher: c.dispatcher, now: time.Now, tell: teller{c.options.Events},
		backoff: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastCheck),
	})
	if err != nil {
		return err
	}
	return errors.Join(
		ctl.Watch(c.dispatcher.wakes(k.name)),
		ctl.Watch(source.Kind(c.GetCache(), k.empty(), &handler.TypedEnqueueRequestForObject[T]{}, predicate.TypedGenerationChangedPredicate[T]{})),
	)
}

// addRepairs has everything looked at now and then, so that what somebody else has changed in a
// State Store is written again. All at once, because what waits together is written together.
func (c *wiring) addRepairs() error {
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
				c.repair(ctx)
			}
		}
	}))
}

func (c *wiring) repair(ctx context.Context) {
	destinations, placements := &v1alpha1.DestinationList{}, &v1alpha1.WorkPlacementList{}
	err := errors.Join(c.GetCache().List(ctx, destinations, client.UnsafeDisableDeepCopy), c.GetCache().List(ctx, placements, client.UnsafeDisableDeepCopy))
	if err != nil {
		return // the cache is about to stop
	}
	c.dispatcher.ask(v1alpha1.KindDestination, requestsFor(destinations.Items)...)
	c.dispatcher.ask(v1alpha1.KindWorkPlacement, requestsFor(placements.Items)...)
}
