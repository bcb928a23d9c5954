// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

func TestOpenFindsDamage(t *testing.T) {
	for name, damage := range map[string]func(m *corev1.ConfigMap){
		"another byte":   func(m *corev1.ConfigMap) { m.BinaryData[contentKey][5000] ^= 1 },
		"cut":            func(m *corev1.ConfigMap) { m.BinaryData[contentKey] = m.BinaryData[contentKey][:9000] },
		"emptied":        func(m *corev1.ConfigMap) { m.BinaryData = nil },
		"another upload": func(m *corev1.ConfigMap) { m.Labels[labelUpload] = "x" },
	} {
		t.Run(name, func(t *testing.T) {
			s, api := open(interceptor.Funcs{})
			r, _, err := put(t, s, noise(2*chunkBytes))
			require.NoError(t, err)
			_, chunks := list(t, api)
			chunk := &corev1.ConfigMap{}
			require.NoError(t, api.Get(t.Context(), client.ObjectKey{Namespace: system, Name: chunks[1]}, chunk))
			damage(chunk)
			require.NoError(t, api.Update(t.Context(), chunk))
			_, err = read(t, s, r)
			assert.ErrorIs(t, err, ErrDamaged)
		})
	}
	t.Run("gone", func(t *testing.T) {
		s, _ := open(interceptor.Funcs{})
		r, _, err := put(t, s, noise(2*chunkBytes))
		require.NoError(t, err)
		require.NoError(t, s.deleteChunks(t.Context(), r.upload))
		_, err = read(t, s, r)
		assert.ErrorIs(t, err, ErrDamaged)
		assert.ErrorContains(t, err, "is gone")
	})
	t.Run("another digest", func(t *testing.T) {
		s, _ := open(interceptor.Funcs{})
		r, _, err := put(t, s, noise(10))
		require.NoError(t, err)
		r.Digest = strings.Repeat("0", 64)
		_, err = read(t, s, r)
		assert.ErrorIs(t, err, ErrDamaged)
	})
}

// What the API server cannot say now is no damage.
func TestOpenFailsWithTheAPIServer(t *testing.T) {
	fail := false
	s, _ := open(interceptor.Funcs{Get: func(ctx context.Context, c client.WithWatch, k client.ObjectKey, o client.Object, opts ...client.GetOption) error {
		if fail {
			return errAPI
		}
		return c.Get(ctx, k, o, opts...)
	}})
	r, _, err := put(t, s, noise(2*chunkBytes))
	require.NoError(t, err)
	fail = true
	_, err = read(t, s, r)
	assert.ErrorIs(t, err, errAPI)
	assert.NotErrorIs(t, err, ErrDamaged)
}

// page is what a proxy before the API server answers while the API server is away: a 404 that says
// nothing of the object.
var page = apierrors.NewGenericServerResponse(http.StatusNotFound, "get", schema.GroupResource{Resource: "configmaps"}, "x", "404 page not found", 0, true)

// TestPageOfAProxy: a ConfigMap that the API server was not asked for is not gone. It is answered so
// once, and the next answers are right.
func TestPageOfAProxy(t *testing.T) {
	hidden := ""
	s, api := open(interceptor.Funcs{Get: func(ctx context.Context, c client.WithWatch, k client.ObjectKey, o client.Object, opts ...client.GetOption) error {
		if k.Name == hidden {
			hidden = ""
			return page
		}
		return c.Get(ctx, k, o, opts...)
	}})
	content := noise(2 * chunkBytes)
	r, _, err := put(t, s, content)
	require.NoError(t, err)

	hidden = chunkName(r, 1)
	_, err = read(t, s, r)
	require.ErrorIs(t, err, page)
	require.NotErrorIs(t, err, ErrDamaged)

	age(t, api, 2*MinSweepAge)
	hidden = r.Name()
	_, err = s.Sweep(t.Context(), MinSweepAge)
	require.ErrorIs(t, err, page)
	got, err := read(t, s, r)
	require.NoError(t, err, "nothing was swept away")
	assert.Equal(t, content, got)
}

func TestOfRefusesOtherConfigMaps(t *testing.T) {
	_, err := Of(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "harvest-forged"}})
	assert.ErrorIs(t, err, ErrDamaged)
}
