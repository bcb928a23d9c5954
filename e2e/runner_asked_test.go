// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

const pause, unpause = `{"metadata":{"labels":{"kratix.io/paused":"true"}}}`, `{"metadata":{"labels":{"kratix.io/paused":null}}}`

// testPaused: nothing starts for a paused Promise, nor for a paused request, and all that was
// asked for meanwhile starts when the label goes.
func testPaused(t *testing.T, in *install) {
	in.offer(t, twoPipelines)
	in.changePromise(t, pause)
	in.awaitPromise(t, func(o *unstructured.Unstructured) bool { return reasonOf(o, "Available") == "PausedReconciliation" }) // the runner knows
	in.ask(t, in.namespace, "one", "size: small")
	isPaused := func(o *unstructured.Unstructured) bool { return reasonOf(o, "Reconciled") == "PausedReconciliation" }
	in.await(t, in.namespace, "one", isPaused)
	assert.Empty(t, in.runs(t, in.namespace, "one"))
	in.changePromise(t, unpause)
	in.exactlyOnce(t, "one", "small")

	in.change(t, in.namespace, "one", pause)
	in.await(t, in.namespace, "one", isPaused)
	in.change(t, in.namespace, "one", `{"spec":{"size":"large"}}`)
	in.ask(t, in.namespace, "two", "size: small") // the others go on
	in.exactlyOnce(t, "two", "small")
	assert.Len(t, in.runs(t, in.namespace, "one"), 2)
	in.change(t, in.namespace, "one", unpause)
	in.exactlyOnce(t, "one", "large")
	in.withdraw(t)
}

// testRepeated: a workflow starts over when somebody asks for it, and when its interval has
// passed, and otherwise not.
func testRepeated(t *testing.T, in *install) {
	in.offer(t, twoPipelines)
	in.ask(t, in.namespace, "one", "size: small")
	first := in.await(t, in.namespace, "one", completed)
	in.change(t, in.namespace, "one", `{"metadata":{"labels":{"kratix.io/manual-reconciliation":"true"}}}`)
	again := in.await(t, in.namespace, "one", func(o *unstructured.Unstructured) bool { return completed(o) && round(o) == round(first)+1 })
	assert.NotContains(t, again.GetLabels(), "kratix.io/manual-reconciliation")

	in.changePromise(t, `{"metadata":{"annotations":{"kratix.io/reconciliation-interval":"1m"}}}`)
	repeated := in.await(t, in.namespace, "one", func(o *unstructured.Unstructured) bool { return completed(o) && round(o) == round(again)+1 })
	before, after := lastSuccess(t, again), lastSuccess(t, repeated)
	assert.GreaterOrEqual(t, after.Sub(before.Time).Seconds(), 59.0, "after a minute, and not before")
	list, err := shared.Dynamic.Resource(in.kind()).Namespace(in.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelPipeline + "=first"})
	require.NoError(t, err)
	assert.Len(t, list.Items, 3, "as often as it was asked for")
	in.withdraw(t)
}

func round(o *unstructured.Unstructured) int64 {
	n, _, _ := unstructured.NestedInt64(o.Object, "status", "kratix", "workflows", "round")
	return n
}

func lastSuccess(t *testing.T, o *unstructured.Unstructured) metav1.Time {
	t.Helper()
	var at metav1.Time
	require.NoError(t, at.UnmarshalQueryParameter(field(o, "status", "kratix", "workflows", "lastSuccessfulConfigureWorkflowTime")))
	return at
}

func reasonOf(o *unstructured.Unstructured, kind string) string {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if fields, ok := c.(map[string]any); ok && fields["type"] == kind {
			reason, _ := fields["reason"].(string)
			return reason
		}
	}
	return ""
}
