// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
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

func some(kind schema.GroupVersionKind) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kind)
	return u
}

func someList(kind schema.GroupVersionKind) *unstructured.UnstructuredList {
	kind.Kind += "List"
	l := &unstructured.UnstructuredList{}
	l.SetGroupVersionKind(kind)
	return l
}

// asked lets through what people and other programs ask for: every change but that of the
// status, which the runner writes itself.
func asked[T client.Object]() predicate.TypedPredicate[T] {
	return predicate.TypedFuncs[T]{UpdateFunc: func(e event.TypedUpdateEvent[T]) bool {
		before, after := e.ObjectOld, e.ObjectNew
		return before.GetGeneration() != after.GetGeneration() || before.GetUID() != after.GetUID() ||
			!maps.Equal(before.GetLabels(), after.GetLabels()) || !maps.Equal(before.GetAnnotations(), after.GetAnnotations()) ||
			before.GetDeletionTimestamp().IsZero() != after.GetDeletionTimestamp().IsZero()
	}}
}

// turned lets through the changes of a Promise that may let its requests start or stop.
func turned() predicate.TypedPredicate[*unstructured.Unstructured] {
	return predicate.TypedFuncs[*unstructured.Unstructured]{UpdateFunc: func(e event.TypedUpdateEvent[*unstructured.Unstructured]) bool {
		facts := func(u *unstructured.Unstructured) []any {
			status, _, _ := unstructured.NestedMap(u.Object, "status")
			return []any{
				u.GetGeneration(), status["observedGeneration"], progress.GetCondition(status, progress.ConditionAvailable).Status,
				paused(u), u.GetDeletionTimestamp().IsZero(), u.GetLabels()[v1alpha1.LabelPromiseVersion],
				u.GetAnnotations()[AnnotationEngine], u.GetAnnotations()[annotationInterval],
			}
		}
		return !slices.Equal(facts(e.ObjectOld), facts(e.ObjectNew))
	}}
}

// waits lets through Pods that go, and Pods in which a container begins to wait for something
// that may never come, such as an image.
func waits() predicate.TypedPredicate[*corev1.Pod] {
	return predicate.TypedFuncs[*corev1.Pod]{
		CreateFunc: func(event.TypedCreateEvent[*corev1.Pod]) bool { return false },
		DeleteFunc: func(event.TypedDeleteEvent[*corev1.Pod]) bool { return true },
		UpdateFunc: func(e event.TypedUpdateEvent[*corev1.Pod]) bool {
			return !slices.Equal(waiting(e.ObjectOld), waiting(e.ObjectNew))
		},
	}
}

func waiting(pod *corev1.Pod) []string {
	var reasons []string
	for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if w := s.State.Waiting; w != nil && w.Reason != "PodInitializing" {
			reasons = append(reasons, s.Name+" "+w.Reason)
		}
	}
	return append(reasons, string(pod.Status.Phase))
}

// toRequests maps what belongs to a request. namespaceOf is the namespace of the run that it comes
// from. Example: a harvest is in the runner's namespace, and its run in team-a.
func toRequests[T client.Object](namespaceOf func(T) string) handler.TypedEventHandler[T, queueKey] {
	return handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, o T) []queueKey {
		if of := ownerKey(o, namespaceOf(o)); of.Name != "" {
			return []queueKey{of}
		}
		return nil
	})
}

// toPromise maps what belongs to a Promise itself.
func toPromise[T client.Object]() handler.TypedEventHandler[T, queueKey] {
	return handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, o T) []queueKey {
		if of := ownerKey(o, ""); of.Name == "" && of.Promise != "" {
			return []queueKey{of}
		}
		return nil
	})
}

// ownerKey names the object that a thing belongs to, by its labels. A request is in the given
// namespace if they say nothing of one.
func ownerKey(o client.Object, namespace string) queueKey {
	of := workflow.OwnerOf(o.GetLabels(), namespace)
	return queueKey{Promise: of.Promise, ObjectKey: of.Resource}
}

// toAllRequests maps a Promise to every request for it.
func (k *kinds) toAllRequests(c client.Reader) handler.TypedEventHandler[*unstructured.Unstructured, queueKey] {
	return handler.TypedEnqueueRequestsFromMapFunc(func(ctx context.Context, promise *unstructured.Unstructured) []queueKey {
		return k.requestKeys(ctx, c, promise)
	})
}

// requestKeys is empty if the kind is not watched or not listed. When it is, an event comes for
// each of its objects anyway.
func (k *kinds) requestKeys(ctx context.Context, c client.Reader, promise client.Object) []queueKey {
	all := &unstructured.UnstructuredList{}
	ok, err := k.read(ctx, promise.GetName(), promise.GetUID(), func(kind schema.GroupVersionKind) error {
		all = someList(kind)
		return c.List(ctx, all)
	})
	if !ok || err != nil {
		return nil
	}
	var keys []queueKey
	for i := range all.Items {
		keys = append(keys, queueKey{Promise: promise.GetName(), ObjectKey: client.ObjectKeyFromObject(&all.Items[i])})
	}
	return keys
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
