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
