// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// checked is a State Store whose check comes to that.
type checked struct {
	*slow
	err error
}

func (c *checked) Check(context.Context) error { return c.err }

// TestCheckWaitsAsTold: a server that wants no requests gets no check either.
func TestCheckWaitsAsTold(t *testing.T) {
	b := &v1alpha1.BucketStateStore{ObjectMeta: metav1.ObjectMeta{Name: "ours"}}
	b.Spec.AuthMethod = v1alpha1.BucketIAM
	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	api := fake.NewClientBuilder().WithScheme(scheme).WithObjects(b).WithStatusSubresource(b).Build()
	store := &checked{slow: newSlow()}
	r := &stateStores[*v1alpha1.BucketStateStore]{
		Client: api, live: api, dispatcher: running(t), now: time.Now, events: &told{},
		backoff: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastCheck),
		kind: &kind[*v1alpha1.BucketStateStore]{
			name: v1alpha1.KindBucketStateStore, secret: bucketSecret,
			open:   func(*v1alpha1.BucketStateStore, map[string][]byte) (statestore.Store, error) { return store, nil },
			empty:  func() *v1alpha1.BucketStateStore { return &v1alpha1.BucketStateStore{} },
			status: func(b *v1alpha1.BucketStateStore) *v1alpha1.StateStoreStatus { return &b.Status },
		},
	}
	for name, test := range map[string]struct {
		err             error
		earliest, until time.Duration
		status          string
	}{
		"well":   {nil, checkEvery, checkEvery, "Ready"},
		"paused": {fmt.Errorf("bucket: %w", &statestore.Pause{Until: time.Now().Add(10 * time.Minute), Said: "SlowDown"}), 9 * time.Minute, 10 * time.Minute, "NotReady"},
		"failed": {assert.AnError, 0, lastCheck, "NotReady"},
	} {
		t.Run(name, func(t *testing.T) {
			store.err = test.err
			result, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(b)})
			require.NoError(t, err)
			assert.GreaterOrEqual(t, result.RequeueAfter, test.earliest)
			assert.LessOrEqual(t, result.RequeueAfter, test.until)
			require.NoError(t, api.Get(t.Context(), client.ObjectKeyFromObject(b), b))
			assert.Equal(t, test.status, b.Status.Status)
			if test.err != nil {
				assert.Equal(t, test.err.Error(), b.Status.Conditions[0].Message)
			}
		})
	}
}
