// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

func configMap(data string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: CAConfigMap}, Data: map[string]string{CAKey: data}}
}

func TestEnsureCA(t *testing.T) {
	mine := configMap("old")
	mine.Data["more"] = "of a stranger"
	mine.Labels = map[string]string{"kept": "yes"}
	for name, have := range map[string][]client.Object{"none": nil, "the same": {configMap("new")}, "another": {mine}} {
		t.Run(name, func(t *testing.T) {
			api := fake.NewClientBuilder().WithObjects(have...).Build()
			require.NoError(t, EnsureCA(t.Context(), api, "team", []byte("new")))
			after := &corev1.ConfigMap{}
			require.NoError(t, api.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: CAConfigMap}, after))
			assert.Equal(t, map[string]string{CAKey: "new"}, after.Data)
			if name == "another" {
				assert.Equal(t, mine.Labels, after.Labels)
			}
		})
	}
}

func TestEnsureCABesideAnotherReplica(t *testing.T) {
	api := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			if err := c.Create(ctx, configMap("older")); err != nil {
				return err
			}
			return c.Create(ctx, o, opts...)
		},
	}).Build()
	require.NoError(t, EnsureCA(t.Context(), api, "team", []byte("new")))
	after := &corev1.ConfigMap{}
	require.NoError(t, api.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: CAConfigMap}, after))
	assert.Equal(t, "new", after.Data[CAKey])
}

// TestEnsureCAOverAnImmutableOne: a tenant has made the ConfigMap first, with another CA, and such
// that nobody can change it.
func TestEnsureCAOverAnImmutableOne(t *testing.T) {
	theirs := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: CAConfigMap, UID: "theirs"},
		Data:       map[string]string{CAKey: "evil"}, Immutable: new(true),
	}
	api := fake.NewClientBuilder().WithObjects(theirs).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(_ context.Context, _ client.WithWatch, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
			return apierrors.NewInvalid(schema.GroupKind{Kind: "ConfigMap"}, o.GetName(), nil)
		},
	}).Build()
	require.NoError(t, EnsureCA(t.Context(), api, "team", []byte("ca")))
	have := &corev1.ConfigMap{}
	require.NoError(t, api.Get(t.Context(), client.ObjectKeyFromObject(theirs), have))
	assert.Equal(t, map[string]string{CAKey: "ca"}, have.Data)
}

func TestEnsureCAFails(t *testing.T) {
	api := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error {
			return errors.New("the namespace is being deleted")
		},
	}).Build()
	err := EnsureCA(t.Context(), api, "team", []byte("new"))
	assert.EqualError(t, err, "put the runner's CA into namespace team: the namespace is being deleted")
}

func TestTake(t *testing.T) {
	c := &Certificate{mounted: t.TempDir()}
	assert.NoError(t, c.take(&corev1.Secret{}))
	_, err := c.GetCertificate(nil)
	assert.ErrorIs(t, err, ErrNotReady)
	assert.ErrorIs(t, c.Ready(nil), ErrNotReady)

	good := secret(t)
	require.NoError(t, c.take(good))
	require.NoError(t, c.Ready(nil))
	have, err := c.GetCertificate(nil)
	require.NoError(t, err)
	assert.Equal(t, pemOf(have.Certificate[0]), good.Data[corev1.TLSCertKey])
	ca, err := c.CA()
	require.NoError(t, err)
	assert.Equal(t, "the CA", string(ca))
	assert.FileExists(t, filepath.Join(c.mounted, corev1.TLSCertKey))
	written, err := os.ReadDir(c.mounted)
	require.NoError(t, err)
	assert.Len(t, written, 1, "the key is on no disk")

	assert.Error(t, c.take(&corev1.Secret{Data: map[string][]byte{corev1.TLSCertKey: []byte("broken")}}))
	assert.NoError(t, c.Ready(nil), "the one before is kept")
}

func pemOf(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}) }

// secret has the certificate of the standard library's tests.
func secret(t *testing.T) *corev1.Secret {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	return &corev1.Secret{Data: map[string][]byte{
		corev1.TLSCertKey:       pemOf(pair.Certificate[0]),
		corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		CAKey:                   []byte("the CA"),
	}}
}
