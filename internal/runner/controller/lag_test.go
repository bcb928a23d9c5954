// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestRunThatTheCacheDoesNotShow: one object never has two active runs, however late the
// engine's API tells of the first.
func TestRunThatTheCacheDoesNotShow(t *testing.T) {
	w := newWorld(t, promise(t), thing(t, "a", "one"), namespace("a"))
	w.list = func(kind schema.GroupVersionKind) (bool, error) { return kind != taskRunKind, nil }
	w.step(t, "a", "one")
	w.edit(t, w.thing(t, "a", "one"), field("large", "spec", "size"))
	w.step(t, "a", "one")

	runs := w.runs(t, "a")
	require.Len(t, runs, 1)
	cancelled, _, _ := unstructured.NestedString(runs[0].Object, "spec", "status")
	assert.Equal(t, "TaskRunCancelled", cancelled)

	w.list = nil
	w.step(t, "a", "one")
	require.Len(t, w.runs(t, "a"), 1, "it has not ended yet")
	w.delete(t, &runs[0])
	w.step(t, "a", "one")
	assert.Len(t, w.runs(t, "a"), 1, "it is gone, and the next one has come")
}
