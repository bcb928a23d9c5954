// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

// Setup adds both controllers to a manager. Workers is how many objects each of them
// reconciles at once.
func Setup(mgr manager.Manager, r *Runner, workers int, limits slots.Limits) error {
	if err := addIndexes(mgr.GetFieldIndexer()); err != nil {
		return err
	}
	k := &kinds{cache: mgr.GetCache(), watched: map[string]offer{}}
	r.kinds = k
	requests, err := newController("request", mgr, &Requests{r}, workers)
	if err != nil {
		return err
	}
	k.controller = requests
	promises, err := newController("promise", mgr, &Promises{r}, workers)
	if err != nil {
		return err
	}
	w := &wiring{Manager: mgr, runner: r, kinds: k, requests: requests, promises: promises}
	r.Slots = slots.New(limits, w.wake)
	r.meters = newMeters()
	if err := r.meters.register(metrics.Registry, r.Slots.Active); err != nil {
		return err
	}
	for _, watch := range []func() error{w.watchObjects, w.watchRecords, w.watchWorks, w.watchPods, w.watchSlots} {
		if err := watch(); err != nil {
			return err
		}
	}
	return errors.Join(mgr.Add(w), mgr.Add(&sweeper{r}), mgr.Add(&keeper{r}))
}

// reconcileTimeout bounds one reconciliation. An API server that does not answer would otherwise
// keep a worker for ever.
const reconcileTimeout = 2 * time.Minute

func newController(name string, mgr manager.Manager, r reconcile.TypedReconciler[queueKey], workers int) (controller.TypedController[queueKey], error) {
	return controller.NewTyped(name, mgr, controller.TypedOptions[queueKey]{Reconciler: r, MaxConcurrentReconciles: workers, ReconciliationTimeout: reconcileTimeout})
}

// wiring leads events to the objects that they are about.
type wiring struct {
	manager.Manager
	runner             *Runner
	kinds              *kinds
	requests, promises controller.TypedController[queueKey]
	// freed are objects that may now have a slot.
	freed, freedPromises chan event.TypedGenericEvent[queueKey]
}

// watchObjects: Promises, and what a change of one means for others.
func (w *wiring) watchObjects() error {
	self := handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, o *unstructured.Unstructured) []queueKey {
		return []queueKey{{Promise: o.GetName()}}
	})
	crd := handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, o *apiextensionsv1.CustomResourceDefinition) []queueKey {
		if promise := o.Labels[v1alpha1.LabelPromise]; promise != "" {
			return []queueKey{{Promise: promise}}
		}
		return nil
	})
	return errors.Join(
		w.promises.Watch(source.TypedKind(w.GetCache(), some(promiseKind), self, besidesStatus[*unstructured.Unstructured]())),
		w.promises.Watch(source.TypedKind(w.GetCache(), some(promiseKind), w.toDependents(), startsOrStopsRequests())),
		w.promises.Watch(source.TypedKind(w.GetCache(), some(promiseKind), toRequired(), besidesStatus[*unstructured.Unstructured]())),
		w.promises.Watch(source.TypedKind(w.GetCache(), &apiextensionsv1.CustomResourceDefinition{}, crd)),
		w.requests.Watch(source.TypedKind(w.GetCache(), some(promiseKind), w.kinds.toAllRequests(w.GetCache()), startsOrStopsRequests())),
	)
}

// toDependents maps a Promise to those that require it.
func (w *wiring) toDependents() handler.TypedEventHandler[*unstructured.Unstructured, queueKey] {
	return handler.TypedEnqueueRequestsFromMapFunc(func(ctx context.Context, o *unstructured.Unstructured) []queueKey {
		all := someList(promiseKind)
		if err := w.GetCache().List(ctx, all); err != nil {
			return nil // the cache is about to stop
		}
		var keys []queueKey
		for i := range all.Items {
			if slices.ContainsFunc(required(&all.Items[i]), func(r progress.Requirement) bool { return r.Name == o.GetName() }) {
				keys = append(keys, queueKey{Promise: all.Items[i].GetName()})
			}
		}
		return keys
	})
}

// toRequired maps a Promise to those that it requires: their status names it.
func toRequired() handler.TypedEventHandler[*unstructured.Unstructured, queueKey] {
	return handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, o *unstructured.Unstructured) []queueKey {
		var keys []queueKey
		for _, r := range required(o) {
			keys = append(keys, queueKey{Promise: r.Name})
		}
		return keys
	})
}

// watchRecords: a harvest was stored.
func (w *wiring) watchRecords() error {
	heads := someHead()
	of := func(o *metav1.PartialObjectMetadata) string {
		r, err := record.Of(o)
		if err != nil {
			return "" // it is no harvest
		}
		return r.Namespace
	}
	return watchOwned(w, heads, first(toRequests(of)))
}

// watchOwned leads what happens to things of requests and of Promises to their controllers.
func watchOwned[T client.Object](w *wiring, things T, requests handler.TypedEventHandler[T, queueKey], let ...predicate.TypedPredicate[T]) error {
	return errors.Join(
		w.requests.Watch(source.TypedKind(w.GetCache(), things, requests, let...)),
		w.promises.Watch(source.TypedKind(w.GetCache(), things, toPromise[T](), let...)),
	)
}

// watchWorks: files were scheduled, written, or taken away.
func (w *wiring) watchWorks() error {
	placed := handler.TypedEnqueueRequestsFromMapFunc(func(ctx context.Context, p *v1alpha1.WorkPlacement) []queueKey {
		of := &v1alpha1.Work{}
		if err := w.GetCache().Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: p.Labels[v1alpha1.LabelWork]}, of); err != nil {
			return nil // it is gone, and its own event says so
		}
		if key := ownerKey(of, of.Namespace); key.Name != "" {
			return []queueKey{key}
		}
		return nil
	})
	placedForPromise := handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, p *v1alpha1.WorkPlacement) []queueKey {
		if p.Spec.ResourceName != "" {
			return nil
		}
		return []queueKey{{Promise: p.Spec.PromiseName}}
	})
	return errors.Join(
		watchOwned(w, &v1alpha1.Work{}, first(toRequests((*v1alpha1.Work).GetNamespace))),
		w.promises.Watch(source.TypedKind(w.GetCache(), &v1alpha1.WorkPlacement{}, placedForPromise)),
		w.requests.Watch(source.TypedKind(w.GetCache(), &v1alpha1.WorkPlacement{}, first(placed))),
	)
}

// watchPods: an engine says little about a run while it waits, and its Pod says more.
func (w *wiring) watchPods() error {
	return watchOwned(w, &corev1.Pod{}, toRequests((*corev1.Pod).GetNamespace), podStuckOrGone())
}

func (w *wiring) watchSlots() error {
	w.freed, w.freedPromises = make(chan event.TypedGenericEvent[queueKey]), make(chan event.TypedGenericEvent[queueKey])
	self := func() handler.TypedEventHandler[queueKey, queueKey] {
		return handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, key queueKey) []queueKey { return []queueKey{key} })
	}
	return errors.Join(
		w.requests.Watch(source.TypedChannel(w.freed, first(self()))),
		w.promises.Watch(source.TypedChannel(w.freedPromises, self())),
	)
}

func (w *wiring) wake(c slots.Claim) {
	freed := w.freed
	if c.Object.Name == "" {
		freed = w.freedPromises
	}
	freed <- event.TypedGenericEvent[queueKey]{Object: queueKey{Promise: c.Promise, ObjectKey: c.Object}}
}

// Start watches the runs of each engine from when the cluster serves its API.
func (w *wiring) Start(ctx context.Context) error {
	watched := map[string]bool{}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		for _, e := range w.runner.Engines {
			kind := e.GroupVersionKind()
			if _, err := w.GetRESTMapper().RESTMapping(kind.GroupKind(), kind.Version); err != nil || watched[e.Name] {
				continue
			}
			if err := watchOwned(w, some(kind), first(toRequests((*unstructured.Unstructured).GetNamespace))); err != nil {
				return err
			}
			watched[e.Name] = true
		}
		if len(watched) == len(w.runner.Engines) {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// byWorkName finds the WorkPlacements of a Work by a label that also those of Kratix have.
const byWorkName = "kratix-work"

func ofWork(o client.Object) []string { return []string{o.GetLabels()[v1alpha1.LabelWork]} }

// addIndexes keeps a reconciliation short, also if there are ten thousand requests.
func addIndexes(i client.FieldIndexer) error {
	ctx := context.Background() // the indexes are added to a cache that has not started
	return errors.Join(
		engine.IndexPods(ctx, i),
		i.IndexField(ctx, &v1alpha1.Work{}, engine.ByObject, engine.OfObject),
		i.IndexField(ctx, &v1alpha1.WorkPlacement{}, byWorkName, ofWork),
		i.IndexField(ctx, someHead(), engine.ByObject, engine.OfObject),
	)
}

func someHead() *metav1.PartialObjectMetadata {
	head := &metav1.PartialObjectMetadata{}
	head.SetGroupVersionKind(headKind)
	return head
}
