// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// testNamesakes has two Works of one directory, as two requests of one name have in a
// pipelineNamespace.
func testNamesakes(t *testing.T, y *yard) {
	y.start(t)
	y.destination(t, "a", nil)
	first := y.work(t, "first", "mydb", nil, "one")
	y.written(t, 1)
	at := "a/resources/" + y.namespace + "/pg/mydb/gen/5058f/0.yaml"
	second := y.work(t, "second", "mydb", nil, "two")
	y.ready(t, second, "False WorkplacementsFailing Failing")
	assert.Equal(t, map[string]string{at: "one"}, y.memory.contents())
	refused := y.placements(t)[1]
	assert.Contains(t, meta.FindStatusCondition(refused.Status.Conditions, "WriteSucceeded").Message, "which was first; two requests of one name")

	require.NoError(t, y.Delete(t.Context(), first))
	y.gone(t, first)
	y.eventually(t, func(c *assert.CollectT) { assert.Equal(c, map[string]string{at: "two"}, y.memory.contents()) })
	y.ready(t, second, workReady)
	require.NoError(t, y.Delete(t.Context(), second))
	y.gone(t, second)
	assert.Empty(t, y.memory.contents())
	y.eventually(t, func(c *assert.CollectT) { assert.Equal(c, []v1alpha1.WorkPlacement{}, y.placements(c)) })
}

// testOneDirectory has two Destinations of which one is in the directory of the other: the
// first is written to, and the second as soon as that has moved away.
func testOneDirectory(t *testing.T, y *yard) {
	y.start(t)
	first := y.destination(t, "a", nil)
	const ready = "True TestDocumentsWritten Test documents written to State Store"
	y.ready(t, first, ready)
	second := y.destination(t, "b", dev, func(d *v1alpha1.Destination) { d.Spec.Path = "/a/b/" })
	why := "spec.path /a/b/ of Destination " + second.Name + " overlaps spec.path a of Destination " + first.Name + ", which was made first and has the same BucketStateStore " +
		y.name("memory") + "; nothing is written or removed for " + second.Name + ": give one of them another path"
	y.ready(t, second, "False PathTaken "+why)
	work := y.work(t, "work", "mydb", dev, "text")
	y.ready(t, work, "False WorkplacementsFailing Failing")
	assert.Empty(t, y.memory.contents())
	y.update(t, first, func() { first.Spec.Path = "elsewhere" })
	y.written(t, 1)
	y.ready(t, second, ready)
	y.ready(t, work, workReady)

	y.update(t, first, func() { first.Spec.Path = "a/b/c" })
	y.ready(t, work, "False WorkplacementsFailing Failing")
	before := y.memory.contents()
	require.NoError(t, y.Delete(t.Context(), work))
	y.gone(t, work)
	assert.Equal(t, before, y.memory.contents(), "what is in the directory is the first one's")
}
