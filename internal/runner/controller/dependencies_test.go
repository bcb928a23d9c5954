// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
	"github.com/kratix-compile/kratix-compile/internal/work"
)

// TestDependenciesAreAmongTheWorks: a Promise whose dependencies are not written is not reconciled.
func TestDependenciesAreAmongTheWorks(t *testing.T) {
	config := map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "needed"}}
	w := newWorld(t, promise(t, field([]any{config}, "spec", "dependencies")), served(), namespace(system))
	reconciled := func() progress.Condition {
		t.Helper()
		for range 2 {
			_, err := w.reconcilePromise(t)
			require.NoError(t, err)
		}
		return progress.GetCondition(newObject(w.promise(t)).status(), progress.ConditionReconciled)
	}
	assert.Equal(t, "WorksPending", reconciled().Reason)

	works := &v1alpha1.WorkList{}
	require.NoError(t, w.api.List(t.Context(), works))
	require.Len(t, works.Items, 1)
	content, err := work.Open(works.Items[0].Spec.WorkloadGroups[0].Workloads[0])
	require.NoError(t, err)
	text, err := io.ReadAll(content)
	require.NoError(t, err)
	assert.Equal(t, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: needed\n", string(text), "as Kratix writes it")
	for _, c := range []struct {
		status         metav1.ConditionStatus
		reason, expect string
	}{{metav1.ConditionFalse, "WorkplacementsFailing", "WorksFailing"}, {metav1.ConditionTrue, "AllWorkplacementsScheduled", "Reconciled"}} {
		static := &works.Items[0]
		static.Status.Conditions = []metav1.Condition{{Type: placing.ConditionReady, Status: c.status, Reason: c.reason}}
		require.NoError(t, w.api.Update(t.Context(), static))
		assert.Equal(t, c.expect, reconciled().Reason)
	}
}

// TestWorkWithoutFiles is not ready before the files that it had are gone from the State Store.
func TestWorkWithoutFiles(t *testing.T) {
	empty := &v1alpha1.Work{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "w", Generation: 2}}
	w := newWorld(t, empty)
	before := &v1alpha1.WorkPlacement{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "p", Labels: map[string]string{v1alpha1.LabelWork: "w"}}}
	before.Spec.WorkGeneration = 1
	require.NoError(t, w.api.Create(t.Context(), before))
	state, err := w.workState(t.Context(), empty)
	require.NoError(t, err)
	assert.Equal(t, progress.WorkPending, state)

	require.NoError(t, w.api.Delete(t.Context(), before))
	state, err = w.workState(t.Context(), empty)
	require.NoError(t, err)
	assert.Equal(t, progress.WorkReady, state)
}
