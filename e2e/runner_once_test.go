// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// exactlyOnce demands that a request for twoPipelines has what belongs to its size, and
// that each Pipeline ran once for each spec that it ran for at all, in one Pod.
func (in *install) exactlyOnce(t *testing.T, name, size string, detail ...any) {
	t.Helper()
	o := in.await(t, in.namespace, name, completed)
	assert.Equal(t, size, field(o, "status", "size"), detail...)
	assert.Equal(t, map[string]string{"first.txt": "first " + size + "\n"}, in.files(t, in.namespace, name, "first"), detail...)
	assert.Equal(t, map[string]string{"second.txt": "second saw " + size + "\n"}, in.files(t, in.namespace, name, "second"), detail...)

	list, err := shared.Dynamic.Resource(in.kind()).Namespace(in.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelResource + "=" + name})
	require.NoError(t, err)
	ran := map[string][]string{}
	for i := range list.Items {
		run := &list.Items[i]
		of := run.GetLabels()["kratix.io/hash"] + " " + run.GetLabels()[v1alpha1.LabelPipeline]
		ran[of] = append(ran[of], run.GetName())
		assert.LessOrEqual(t, len(in.engine.pods(t, run)), 1, "Pods of %s", run.GetName())
	}
	for of, runs := range ran {
		assert.Len(t, runs, 1, "runs of %s %s, %v", name, of, detail)
	}
	hash := field(o, "status", "kratix", "workflows", "hash")
	for _, pipeline := range []string{"first", "second"} {
		assert.Contains(t, ran, hash+" "+pipeline, detail...)
	}
}

// lastWords shows the log of a runner if the test has failed.
func lastWords(t *testing.T, r interface{ LastWords() string }) {
	t.Helper()
	if t.Failed() {
		t.Log(r.LastWords())
	}
}

// on has the Promise's Pipelines run on the install's engine, whatever the runner prefers.
func (in *install) on(promise string) string {
	return strings.Replace(promise, "metadata: {name: PROMISE}", fmt.Sprintf("metadata: {name: PROMISE, annotations: {kratix-compile.io/engine: %s}}", in.engine.name), 1)
}

// written is a workflow that has run for the object's present spec, and whose files are in
// their State Stores.
func written(o *unstructured.Unstructured) bool {
	return completed(o) && conditionOf(o, "Reconciled") == "True"
}

// messages are what the status says of each Pipeline.
func messages(o *unstructured.Unstructured) []string {
	var all []string
	pipelines, _, _ := unstructured.NestedSlice(o.Object, "status", "kratix", "workflows", "pipelines")
	for _, p := range pipelines {
		text, _, _ := unstructured.NestedString(p.(map[string]any), "message")
		all = append(all, text)
	}
	return all
}
