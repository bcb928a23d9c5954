// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// besidesStatus lets through every change but that of the status, which the runner writes itself:
// what people and other programs ask for.
func besidesStatus[T client.Object]() predicate.TypedPredicate[T] {
	return predicate.TypedFuncs[T]{UpdateFunc: func(e event.TypedUpdateEvent[T]) bool {
		before, after := e.ObjectOld, e.ObjectNew
		return before.GetGeneration() != after.GetGeneration() || before.GetUID() != after.GetUID() ||
			!maps.Equal(before.GetLabels(), after.GetLabels()) || !maps.Equal(before.GetAnnotations(), after.GetAnnotations()) ||
			before.GetDeletionTimestamp().IsZero() != after.GetDeletionTimestamp().IsZero()
	}}
}

// startsOrStopsRequests lets through the changes of a Promise after which its requests may start,
// or have to stop.
func startsOrStopsRequests() predicate.TypedPredicate[*unstructured.Unstructured] {
	return predicate.TypedFuncs[*unstructured.Unstructured]{UpdateFunc: func(e event.TypedUpdateEvent[*unstructured.Unstructured]) bool {
		facts := func(u *unstructured.Unstructured) []any {
			status, _, _ := unstructured.NestedMap(u.Object, "status")
			return []any{
				u.GetGeneration(), status["observedGeneration"], progress.GetCondition(status, progress.ConditionAvailable).Status,
				paused(u), u.GetDeletionTimestamp().IsZero(), u.GetLabels()[v1alpha1.LabelPromiseVersion],
				u.GetAnnotations()[AnnotationEngine], u.GetAnnotations()[v1alpha1.AnnotationInterval],
			}
		}
		return !slices.Equal(facts(e.ObjectOld), facts(e.ObjectNew))
	}}
}

// podStuckOrGone lets through Pods that go, and Pods in which a container begins to wait for
// something that may never come, such as an image.
func podStuckOrGone() predicate.TypedPredicate[*corev1.Pod] {
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
