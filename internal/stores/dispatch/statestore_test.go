// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
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
	err    error
	checks int
}

func (c *checked) Check(context.Context) error {
	c.checks++
	return c.err
}

// checking is the controller of BucketStateStores in a cluster, with one whose Secret is login.
func checking(t *testing.T, store statestore.Store, there ...client.Object) (*stateStores[*v1alpha1.BucketStateStore], *told) {
	t.Helper()
	b := &v1alpha1.BucketStateStore{ObjectMeta: metav1.ObjectMeta{Name: ours.Name}}
	b.Spec.SecretRef = &corev1.SecretReference{Name: "login", Namespace: "team"}
	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	require.NoError(t, corev1.AddToScheme(scheme))
	api := fake.NewClientBuilder().WithScheme(scheme).WithObjects(append(there, b)...).WithStatusSubresource(b).Build()
	heard := &told{}
	return &stateStores[*v1alpha1.BucketStateStore]{
		Client: api, live: api, dispatcher: running(t), now: time.Now, tell: teller{heard},
		backoff: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastCheck),
		kind: &kind[*v1alpha1.BucketStateStore]{
			name: v1alpha1.KindBucketStateStore, secret: bucketSecret,
			open:   func(*v1alpha1.BucketStateStore, map[string][]byte) (statestore.Store, error) { return store, nil },
			empty:  func() *v1alpha1.BucketStateStore { return &v1alpha1.BucketStateStore{} },
			status: func(b *v1alpha1.BucketStateStore) *v1alpha1.StateStoreStatus { return &b.Status },
		},
	}, heard
}

func login(password string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "login"}, StringData: map[string]string{"password": password}}
}

// look reconciles the State Store, and returns it and when it is looked at again.
func look(t *testing.T, r *stateStores[*v1alpha1.BucketStateStore]) (*v1alpha1.BucketStateStore, time.Duration) {
	t.Helper()
	b := &v1alpha1.BucketStateStore{}
	key := client.ObjectKey{Name: ours.Name}
	result, err := r.Reconcile(t.Context(), reconcile.Request{NamespacedName: key})
	require.NoError(t, err)
	require.NoError(t, r.Get(t.Context(), key, b))
	return b, result.RequeueAfter
}

// TestCheckWaitsAsTold: a server that wants no requests gets no check either.
func TestCheckWaitsAsTold(t *testing.T) {
	for name, test := range map[string]struct {
		err             error
		earliest, until time.Duration
		status          string
	}{
		"well":   {nil, checkEvery - time.Minute, checkEvery, "Ready"},
		"paused": {fmt.Errorf("bucket: %w", &statestore.Pause{Until: time.Now().Add(10 * time.Minute), Said: "SlowDown"}), 9 * time.Minute, 10 * time.Minute, "NotReady"},
		"failed": {assert.AnError, 0, lastCheck, "NotReady"},
	} {
		t.Run(name, func(t *testing.T) {
			store := &checked{slow: newSlow(), err: test.err}
			r, _ := checking(t, store, login("old"))
			b, again := look(t, r)
			assert.LessOrEqual(t, again, secretEvery)
			assert.Equal(t, test.status, b.Status.Status)
			if test.err != nil {
				assert.Equal(t, test.err.Error(), b.Status.Conditions[0].Message)
			}
			now := time.Now()
			r.now = func() time.Time { return now.Add(test.earliest - time.Second) }
			look(t, r)
			assert.Equal(t, 1, store.checks, "it is too early for a check")
			r.now = func() time.Time { return now.Add(test.until) }
			look(t, r)
			assert.Equal(t, 2, store.checks)
		})
	}
}

// TestByteOrderMark: Windows puts one at the beginning of a text file, of which the Secret was made.
func TestByteOrderMark(t *testing.T) {
	secret := login("")
	secret.StringData = nil
	secret.Data = map[string][]byte{"password": []byte("\ufeffgood\r\n"), "ca.crt": []byte("\ufeff-----BEGIN"), "other": []byte("a\ufeffb")}
	r, _ := checking(t, nil, secret)
	var given map[string][]byte
	r.kind.open = func(_ *v1alpha1.BucketStateStore, secret map[string][]byte) (statestore.Store, error) {
		given = secret
		return &checked{slow: newSlow()}, nil
	}
	look(t, r)
	assert.Equal(t, map[string][]byte{"password": []byte("good\r\n"), "ca.crt": []byte("-----BEGIN"), "other": []byte("a\ufeffb")}, given)
}

// TestSecretChanges: a changed Secret is in use when the State Store is looked at the next time, and
// that is soon.
func TestSecretChanges(t *testing.T) {
	store := &checked{slow: newSlow(), err: assert.AnError}
	r, heard := checking(t, store)
	b, again := look(t, r)
	assert.LessOrEqual(t, again, secretEvery)
	const missing = "Secret login not found in namespace team; spec.secretRef names it"
	assert.Equal(t, missing, b.Status.Conditions[0].Message)
	secret := login("old")
	require.NoError(t, r.Create(t.Context(), secret))
	look(t, r)
	store.err = nil
	secret.StringData = map[string]string{"password": "new"}
	require.NoError(t, r.Update(t.Context(), secret))
	b, again = look(t, r)
	assert.Equal(t, secretEvery, again)
	assert.Equal(t, "Ready", b.Status.Status)
	secret.StringData = map[string]string{"password": "newer"}
	require.NoError(t, r.Update(t.Context(), secret))
	look(t, r)
	assert.Equal(t, 3, store.checks)
	assert.Equal(t, told{
		"Warning NotReady: " + missing,
		"Warning NotReady: Error validating state store permissions: " + assert.AnError.Error(),
		`Normal Ready: BucketStateStore "ours" is ready`,
	}, *heard)
}

// TestFailedWriteLeadsToACheck: what a write has met, the check finds at once.
func TestFailedWriteLeadsToACheck(t *testing.T) {
	store := &checked{slow: newSlow()}
	r, _ := checking(t, store, login("old"))
	look(t, r)
	of := sender{kind: v1alpha1.KindWorkPlacement}
	r.dispatcher.trips[of] = &trip{of: of, to: ours, outcome: &statestore.Outcome{Err: assert.AnError}}
	r.dispatcher.collect(of)
	look(t, r)
	assert.Equal(t, 2, store.checks)
}
