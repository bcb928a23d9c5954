// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// TestOwnPromises: what the cache does not hold is nobody's whom this runner looks after.
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
