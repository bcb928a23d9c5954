// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

func TestWhatHasBegunGoesFirst(t *testing.T) {
	q := priorityqueue.New[queueKey]("test")
	t.Cleanup(q.ShutDown)
	started := func(name string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "a", Labels: map[string]string{v1alpha1.LabelPromise: "things", v1alpha1.LabelResource: name}}}
	}
	changed := started("updated")
	changed.ResourceVersion = "2"
	h := first(toRequests((*corev1.Pod).GetNamespace))
	q.Add(queueKey{Promise: "things", ObjectKey: client.ObjectKey{Namespace: "a", Name: "new"}})
	h.Create(t.Context(), event.TypedCreateEvent[*corev1.Pod]{Object: started("old"), IsInInitialList: true}, q)
	h.Create(t.Context(), event.TypedCreateEvent[*corev1.Pod]{Object: started("created")}, q)
	h.Update(t.Context(), event.TypedUpdateEvent[*corev1.Pod]{ObjectOld: started("updated"), ObjectNew: changed}, q)
	h.Delete(t.Context(), event.TypedDeleteEvent[*corev1.Pod]{Object: started("deleted")}, q)
	h.Generic(t.Context(), event.TypedGenericEvent[*corev1.Pod]{Object: started("woken")}, q)
	var order []string
	for q.Len() > 0 {
		next, _ := q.Get()
		order = append(order, next.Name)
	}
	assert.Equal(t, []string{"created", "updated", "deleted", "woken", "new", "old"}, order)
}
