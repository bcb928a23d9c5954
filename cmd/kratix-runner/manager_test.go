// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/caching"
)

// TestOwnPromises: the cache holds only the Promises that this runner is for.
func TestOwnPromises(t *testing.T) {
	for selector, want := range map[string][]bool{"": {true, true}, "runner=yes": {true, false}, "runner!=yes": {false, true}} {
		options, err := cacheOptions(&settings{promises: selector})
		require.NoError(t, err)
		for o, by := range options.ByObject {
			if _, ok := o.(*v1alpha1.Promise); ok {
				assert.Equal(t, want, []bool{by.Label.Matches(labels.Set{"runner": "yes"}), by.Label.Matches(labels.Set{})}, selector)
			}
		}
	}
	_, err := cacheOptions(&settings{promises: "runner=yes="})
	assert.ErrorContains(t, err, "--promises: ")
}

// TestCacheDoesNotWait for a kind that is not listed.
func TestCacheDoesNotWait(t *testing.T) {
	options, err := managerOptions(&settings{})
	require.NoError(t, err)
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Pod"), meta.RESTScopeNamespace)
	c, err := options.NewCache(&rest.Config{}, cache.Options{Scheme: options.Scheme, Mapper: mapper, HTTPClient: http.DefaultClient})
	require.NoError(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	unlisted := &caching.Unlisted{}
	assert.ErrorAs(t, c.List(ended, &corev1.PodList{}), &unlisted)
}
