// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/progress"
)

// Request is an object to reconcile: of the kind that a Promise offers.
type Request struct {
	Promise string
	client.ObjectKey
}

// kinds are those that Promises offer, each watched from when its API is there until the
// Promise goes.
type kinds struct {
	cache      cache.Cache
	controller controller.TypedController[Request]

	mu      sync.Mutex
	watched map[string]schema.GroupVersionKind // by Promise
	// closed are Promises whose API is being deleted. A cache may still show it, and a
	// watch of it would wait for ever.
	closed map[string]bool
}

// watch begins to watch a Promise's kind; of another one than before it ends first.
func (k *kinds) watch(ctx context.Context, promise string, kind schema.GroupVersionKind) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.watched[promise] == kind || k.closed[promise] {
		return nil
	}
	if err := k.forget(ctx, promise); err != nil {
		return err
	}
	to := handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, o *unstructured.Unstructured) []Request {
		return []Request{{Promise: promise, ObjectKey: client.ObjectKeyFromObject(o)}}
	})
	if err := k.controller.Watch(source.TypedKind(k.cache, some(kind), to, asked[*unstructured.Unstructured]())); err != nil {
		return err
	}
	k.watched[promise] = kind
	return nil
}

// close ends what watch began, until reopen.
func (k *kinds) close(ctx context.Context, promise string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed[promise] = true
	return k.forget(ctx, promise)
}

// reopen is for a Promise that is gone: another one may have its name.
func (k *kinds) reopen(ctx context.Context, promise string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.closed, promise)
	return k.forget(ctx, promise)
}

func (k *kinds) forget(ctx context.Context, promise string) error {
	kind, ok := k.watched[promise]
	if !ok {
		return nil
	}
	delete(k.watched, promise)
	return k.cache.RemoveInformer(ctx, some(kind))
}

// kind is what a Promise offers, as far as it is watched.
func (k *kinds) kind(promise string) (schema.GroupVersionKind, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	kind, ok := k.watched[promise]
	return kind, ok
}

// read lets something be read of what a Promise offers; ok is false if that is not watched.
// A cache watches whatever is read, and so also what was closed just before: that ends here.
func (k *kinds) read(ctx context.Context, promise string, do func(schema.GroupVersionKind) error) (ok bool, err error) {
	kind, ok := k.kind(promise)
	if !ok {
		return false, nil
	}
	err = do(kind)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.watched[promise] != kind && !slices.Contains(slices.Collect(maps.Values(k.watched)), kind) {
		return false, k.cache.RemoveInformer(ctx, some(kind))
	}
	return true, err
}

func some(kind schema.GroupVersionKind) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kind)
	return u
}

// asked lets through what people and other programs ask for: everything but a new
// status, which is our own doing.
func asked[T client.Object]() predicate.TypedPredicate[T] {
	return predicate.TypedFuncs[T]{UpdateFunc: func(e event.TypedUpdateEvent[T]) bool {
		before, after := e.ObjectOld, e.ObjectNew
		return before.GetGeneration() != after.GetGeneration() || before.GetUID() != after.GetUID() ||
			!maps.Equal(before.GetLabels(), after.GetLabels()) || !maps.Equal(before.GetAnnotations(), after.GetAnnotations()) ||
			before.GetDeletionTimestamp().IsZero() != after.GetDeletionTimestamp().IsZero()
	}}
}

// turned lets through what a Promise's availability may have changed with.
func turned() predicate.TypedPredicate[*unstructured.Unstructured] {
	return predicate.TypedFuncs[*unstructured.Unstructured]{UpdateFunc: func(e event.TypedUpdateEvent[*unstructured.Unstructured]) bool {
		facts := func(u *unstructured.Unstructured) []any {
			status, _, _ := unstructured.NestedMap(u.Object, "status")
			return []any{
				u.GetGeneration(), status["observedGeneration"], progress.GetCondition(status, progress.ConditionAvailable).Status,
				paused(u), u.GetDeletionTimestamp().IsZero(), u.GetLabels()[labelVersion],
				u.GetAnnotations()[AnnotationEngine], u.GetAnnotations()[annotationInterval],
			}
		}
		return !slices.Equal(facts(e.ObjectOld), facts(e.ObjectNew))
	}}
}

// waits lets through Pods in which a container waits for what may never come.
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

// toRequests maps what belongs to a request. namespaceOf is where a thing was left, which
// is not where it is for a harvest.
func toRequests[T client.Object](namespaceOf func(T) string) handler.TypedEventHandler[T, Request] {
	return handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, o T) []Request { return requestOf(o, namespaceOf(o)) })
}

// requestOf goes by the labels of docs/kratix-contract.md 3.3.
func requestOf(o client.Object, namespace string) []Request {
	labels := o.GetLabels()
	name := labels[v1alpha1.LabelResource]
	if name == "" {
		return nil
	}
	if own := labels[v1alpha1.LabelResourceNamespace]; own != "" {
		namespace = own
	}
	return []Request{{Promise: labels[v1alpha1.LabelPromise], ObjectKey: client.ObjectKey{Namespace: namespace, Name: name}}}
}

// toPromise maps what belongs to a Promise itself.
func toPromise[T client.Object]() handler.TypedEventHandler[T, Request] {
	return handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, o T) []Request {
		labels := o.GetLabels()
		if labels[v1alpha1.LabelResource] != "" || labels[v1alpha1.LabelPromise] == "" {
			return nil
		}
		return []Request{{Promise: labels[v1alpha1.LabelPromise]}}
	})
}

// toAllRequests maps a Promise to every request for it.
func (k *kinds) toAllRequests(c client.Reader) handler.TypedEventHandler[*unstructured.Unstructured, Request] {
	return handler.TypedEnqueueRequestsFromMapFunc(func(ctx context.Context, promise *unstructured.Unstructured) []Request {
		all := &unstructured.UnstructuredList{}
		ok, err := k.read(ctx, promise.GetName(), func(kind schema.GroupVersionKind) error {
			all.SetGroupVersionKind(kind)
			return c.List(ctx, all)
		})
		if !ok || err != nil {
			return nil // the kind is not watched any more
		}
		var requests []Request
		for i := range all.Items {
			requests = append(requests, Request{Promise: promise.GetName(), ObjectKey: client.ObjectKeyFromObject(&all.Items[i])})
		}
		return requests
	})
}
