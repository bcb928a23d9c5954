// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kratix-compile/kratix-compile/internal/status"
)

// TestGatherRefuses what is not there, may not be read, or is not offered by a Promise.
func TestGatherRefuses(t *testing.T) {
	s := readStory(t, "testdata/ready.txtar")
	s.options["status"] = "Thing default/two"
	_, _, err := s.gatherer(t).Gather(t.Context(), s.subject())
	assert.True(t, apierrors.IsNotFound(err), "%v", err)

	s.options["status"], s.options["forbidden"] = "Thing default/one", "things"
	_, _, err = s.gatherer(t).Gather(t.Context(), s.subject())
	assert.True(t, apierrors.IsForbidden(err), "%v", err)

	s.options["status"], s.options["forbidden"] = "Destination worker", ""
	_, _, err = s.gatherer(t).Gather(t.Context(), s.subject())
	require.ErrorIs(t, err, status.ErrNotOffered)
}

// TestScopes: everything that the answer depends on is watched.
func TestScopes(t *testing.T) {
	s := readStory(t, "testdata/ready.txtar")
	_, scopes, err := s.gatherer(t).Gather(t.Context(), s.subject())
	require.NoError(t, err)
	found := map[string]string{}
	for _, scope := range scopes {
		found[scope.Kind.Kind] = scope.Namespace + "/" + scope.Name + " " + scope.Selector
	}
	own := "default/ kratix.io/promise-name=one,kratix.io/resource-name=one,"
	assert.Equal(t, map[string]string{
		"Thing": "default/one ", "Promise": "/one ",
		"TaskRun": own + "kratix.io/workflow-type=resource", "Workflow": own + "kratix.io/workflow-type=resource",
		"Pod": own + "kratix.io/workflow-type=resource", "Work": own + "kratix.io/work-type=resource",
		"WorkPlacement": "default/ kratix.io/work in (one-one-only-12345)",
		"Destination":   "/ ", "GitStateStore": "/ ", "BucketStateStore": "/ ",
	}, found)
}
