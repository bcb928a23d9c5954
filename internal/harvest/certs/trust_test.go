// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

func TestTrustLooksOnceAMinute(t *testing.T) {
	looks := 0
	api := interceptor.NewClient(fake.NewClientBuilder().Build(), interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			looks++
			return c.Get(ctx, key, o, opts...)
		},
	})
	ca, now := "one", time.Now()
	var missing error
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "team", UID: "first"}}
	namespaces := fake.NewClientBuilder().WithObjects(namespace).Build()
	trust := NewTrust(api, namespaces, func() ([]byte, error) { return []byte(ca), missing })
	trust.now = func() time.Time { return now }
	for _, step := range []struct {
		what  string
		then  func()
		looks int
	}{
		{"the first run", func() {}, 1},
		{"the second", func() {}, 1},
		{"another CA", func() { ca = "two" }, 2},
		{"a minute later", func() { now = now.Add(lookAgain) }, 3},
		{"another namespace of the same name", func() {
			require.NoError(t, namespaces.Delete(t.Context(), namespace))
			require.NoError(t, namespaces.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "team", UID: "second"}}))
		}, 4},
	} {
		step.then()
		require.NoError(t, trust.Ensure(t.Context(), "team"))
		assert.Equal(t, step.looks, looks, step.what)
	}
	require.NoError(t, trust.Ensure(t.Context(), "other"))
	assert.Equal(t, 5, looks, "each namespace has its own")
	missing = errors.New("no certificate yet")
	assert.ErrorIs(t, trust.Ensure(t.Context(), "team"), missing)
}
