// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/internal/runner/caching/cachingtest"
)

// silentKind is one that the API server never lists.
var silentKind = schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Silent"}

// TestOneKindThatIsNeverListed: with a real cache and one worker, the requests of another
// Promise come through, before and after the controller has started.
func TestOneKindThatIsNeverListed(t *testing.T) {
	c := cachingtest.New(t, newScheme(t), map[schema.GroupVersionKind]cachingtest.Answer{
		thingKind: cachingtest.One(thingKind), silentKind: cachingtest.Silent,
	})
	came := make(chan queueKey, 8)
	var k *kinds
	requests, err := controller.NewTypedUnmanaged("never-listed", controller.TypedOptions[queueKey]{
		MaxConcurrentReconciles: 1, SkipNameValidation: new(true),
		Reconciler: reconcile.TypedFunc[queueKey](func(ctx context.Context, key queueKey) (reconcile.Result, error) {
			if _, err := k.read(ctx, key.Promise, k.named(key.Promise), func(kind schema.GroupVersionKind) error {
				return c.Get(ctx, key.ObjectKey, some(kind))
			}); err != nil {
				return reconcile.Result{}, err
			}
			came <- key
			return reconcile.Result{}, nil
		}),
	})
	require.NoError(t, err)
	k = &kinds{cache: c, controller: requests, watched: map[string]offer{}}
	require.NoError(t, k.watch(t.Context(), "early", offer{promise: "1", kind: silentKind}))

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- requests.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
	})
	require.NoError(t, k.watch(t.Context(), "things", offer{promise: "2", kind: thingKind}))
	select {
	case key := <-came:
		assert.Equal(t, queueKey{Promise: "things", ObjectKey: client.ObjectKey{Namespace: "a", Name: "one"}}, key)
	case <-time.After(time.Minute):
		require.Fail(t, "the requests of another Promise do not come")
	}
	require.NoError(t, k.end(t.Context(), "early"))
	require.NoError(t, k.watch(t.Context(), "late", offer{promise: "3", kind: silentKind}))
	for range 100 { // events of Promises, in a goroutine that has no deadline
		assert.Empty(t, k.requestKeys(context.Background(), c, promise(t, named("late", "3"))))
	}
	assert.Len(t, k.requestKeys(context.Background(), c, promise(t, named("things", "2"))), 1)
}
