// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// The tests here change a setting of an engine's controller, which every run in the cluster
// obeys, and put it back. They are not parallel, so that no other test runs meanwhile.

// A setting is one entry of a controller's ConfigMap.
type setting struct{ namespace, config, key string }

// enforce gives the setting a value for the rest of the test. A trial makes a run of that
// name and tells whether the controller obeys already.
func (s setting) enforce(t *testing.T, value string, trial func(run string) bool) {
	t.Helper()
	config, err := shared.Typed.CoreV1().ConfigMaps(s.namespace).Get(t.Context(), s.config, metav1.GetOptions{})
	require.NoError(t, err)
	var before *string
	if old, ok := config.Data[s.key]; ok {
		before = &old
	}
	t.Cleanup(func() {
		s.set(t, before)
		awaitTrial(t, "after", func(run string) bool { return !trial(run) })
	})
	s.set(t, &value)
	awaitTrial(t, "before", trial)
}

// set writes the entry, or removes it.
func (s setting) set(t *testing.T, value *string) {
	t.Helper()
	patch, err := json.Marshal(map[string]any{"data": map[string]*string{s.key: value}})
	require.NoError(t, err)
	_, err = shared.Typed.CoreV1().ConfigMaps(s.namespace).Patch(bounded(t), s.config, types.MergePatchType, patch, metav1.PatchOptions{})
	require.NoError(t, err)
}

// awaitTrial repeats a trial, since controllers read their settings when they like.
func awaitTrial(t *testing.T, name string, trial func(run string) bool) {
	t.Helper()
	ctx := bounded(t)
	for i := 0; !trial(fmt.Sprintf("%s-%d", name, i)); i++ {
		require.NoError(t, ctx.Err(), "the controller does not obey")
	}
}

// rename copies what the compiler printed, with another name for its run.
func (e engine) rename(t *testing.T, printed []*unstructured.Unstructured, name string) (run *unstructured.Unstructured, objects []*unstructured.Unstructured) {
	t.Helper()
	for _, object := range printed {
		objects = append(objects, object.DeepCopy())
	}
	run = e.theRun(t, objects)
	run.SetName(name)
	return run, objects
}

// TestInlineWorkflowsForbidden shows what an operator's rule against Workflows with templates
// of their own looks like.
// Argo's controller exits when it cannot parse a setting, hence the braces.
func TestInlineWorkflowsForbidden(t *testing.T) {
	e := engines[1]
	c := newCase(t, "policy", onePipeline("jobOptions: {backoffLimit: 0}\ncontainers: [{name: only, image: IMAGE, command: [probe]}]"), nil)
	printed := c.compile(t, e.name)
	var end *unstructured.Unstructured
	setting{"argo", "workflow-controller-configmap", "workflowRestrictions"}.enforce(t, "{templateReferencing: Strict}", func(name string) bool {
		_, objects := e.rename(t, printed, name)
		end = e.run(t, objects)[0]
		_, succeeded := e.end(end)
		return !succeeded
	})
	assert.Equal(t, "Error", e.reason(end))
	assert.Contains(t, describe(end), "workflows must use workflowTemplateRef to be executed when the controller is in reference mode")
	assert.Empty(t, e.pods(t, end))
}

// TestCancelDeletesPod shows Tekton's default, which takes the logs away with the Pod. The
// test cluster has the setting that docs/engines.md recommends.
func TestCancelDeletesPod(t *testing.T) {
	by := cancellations["tekton"]
	c := newCase(t, "policy", onePipeline(moments["first"].spec), nil)
	printed := c.compile(t, by.engine.name)
	var pods *podWatch
	setting{"tekton-pipelines", "feature-flags", "keep-pod-on-cancel"}.enforce(t, "false", func(name string) bool {
		run, objects := by.engine.rename(t, printed, name)
		require.NoError(t, shared.Create(bounded(t), objects...))
		pods = by.engine.watchPods(t, run)
		by.engine.untilLog(t, pods, "first", said("first"))
		by.cancel(t, run)
		pods.until(t, "the end", pods.settled)
		return pods.gone[pods.newest().Name]
	})
	assert.Len(t, pods.pods, 1, "attempts")
}
