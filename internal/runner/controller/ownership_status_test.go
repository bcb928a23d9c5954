// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// claimRun writes into the status of b/thief that it awaits this run.
func (w *world) claimRun(t *testing.T, run *unstructured.Unstructured) {
	t.Helper()
	o := newObject(w.thing(t, "b", "thief"))
	status := progress.Read(o.status())
	status.Pipelines[0].Run, status.Pipelines[0].RunNamespace, status.Pipelines[0].RunUID = run.GetName(), run.GetNamespace(), string(run.GetUID())
	status.Write(o.status())
	require.NoError(t, w.api.Status().Update(t.Context(), o.Unstructured))
}

// robbed is a world in which b/thief claims the run of a/victim.
func robbed(t *testing.T) (w *world, victim *unstructured.Unstructured) {
	t.Helper()
	w = newWorld(t, promise(t, pipelines("resource", "configure", "one")), thing(t, "a", "victim"), thing(t, "b", "thief"), namespace("a"), namespace("b"))
	w.step(t, "a", "victim")
	w.step(t, "b", "thief")
	victim = w.run(t, "a", "a", "victim")
	return w, victim
}

// TestResultsNamedByTheStatus: the results of another object are neither read nor removed.
func TestResultsNamedByTheStatus(t *testing.T) {
	w, victim := robbed(t)
	w.harvest(t, victim, evil) // here they are the victim's, and nobody else may have them
	w.succeed(t, victim)
	w.claimRun(t, victim)
	for range 3 {
		w.step(t, "b", "thief")
	}
	w.noEvil(t)
	_, err := w.Records.Get(t.Context(), record.Key{Namespace: "a", Run: victim.GetName()})
	require.NoError(t, err, "the results are still there")
}

// TestResultsWithTheNameInTheStatus: a tenant has made a run that is called like that of the victim,
// and the status of the own request says that it is in the namespace of the victim.
func TestResultsWithTheNameInTheStatus(t *testing.T) {
	w, victim := robbed(t)
	w.harvest(t, victim, evil) // here they are the victim's, and nobody else may have them
	decoy := victim.DeepCopy()
	decoy.SetAnnotations(nil)
	labels := decoy.GetLabels()
	labels[v1alpha1.LabelResource] = "thief"
	decoy.SetLabels(labels)
	decoy = w.forge(t, decoy, "b", nil)
	w.succeed(t, decoy)
	claimed := decoy.DeepCopy()
	claimed.SetNamespace("a")
	w.claimRun(t, claimed)
	for range 3 {
		w.step(t, "b", "thief")
	}
	w.noEvil(t)
	_, err := w.Records.Get(t.Context(), record.Key{Namespace: "a", Run: victim.GetName()})
	require.NoError(t, err, "the results are still there")
}

// TestCancelledByTheStatus: the run of another object goes on, and so does one that the runner has
// nothing to do with.
func TestCancelledByTheStatus(t *testing.T) {
	t.Run("another object's", func(t *testing.T) {
		w, victim := robbed(t)
		w.goesOn(t, victim)
	})
	t.Run("nobody's", func(t *testing.T) {
		w, _ := robbed(t)
		build := some(taskRunKind)
		build.SetNamespace("a")
		build.SetName("build")
		build.SetUID("uid-of-build")
		require.NoError(t, w.api.Create(t.Context(), build))
		w.goesOn(t, build)
	})
}

// goesOn demands that b/thief cannot have a run cancelled that it claims.
func (w *world) goesOn(t *testing.T, victim *unstructured.Unstructured) {
	t.Helper()
	w.claimRun(t, victim)
	w.edit(t, w.thing(t, "b", "thief"), field("large", "spec", "size"))
	w.step(t, "b", "thief")
	w.delete(t, w.thing(t, "b", "thief"))
	for range 3 {
		w.step(t, "b", "thief")
	}
	left := w.get(t, taskRunKind, "a", victim.GetName())
	require.NotNil(t, left)
	cancelled, _, _ := unstructured.NestedString(left.Object, "spec", "status")
	assert.Empty(t, cancelled)
}

// TestInputNamedByTheStatus: a ConfigMap of another namespace stays.
func TestInputNamedByTheStatus(t *testing.T) {
	w, victim := robbed(t)
	precious := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "precious-input"}}
	require.NoError(t, w.api.Create(t.Context(), precious))
	named := victim.DeepCopy()
	named.SetName("precious")
	w.claimRun(t, named)
	w.delete(t, w.thing(t, "b", "thief"))
	for range 3 {
		w.step(t, "b", "thief")
	}
	require.Nil(t, w.thing(t, "b", "thief"))
	require.NoError(t, w.api.Get(t.Context(), client.ObjectKeyFromObject(precious), precious))
}

// TestRunOfATenantWhereAllRunsAreElsewhere: all runs are in a namespace in which tenants have no
// rights. The status of a request names a run that its tenant has made in the own namespace.
func TestRunOfATenantWhereAllRunsAreElsewhere(t *testing.T) {
	w := newWorld(t, promise(t, runsIn("pipelines")), thing(t, "b", "thief"), namespace("b"), namespace("pipelines"))
	w.step(t, "b", "thief")
	forged := w.forge(t, w.run(t, "pipelines", "b", "thief"), "b", nil)
	w.claimRun(t, forged)
	require.ErrorIs(t, w.deliver(t, forged), harvest.ErrSuperseded)
	for range 2 {
		w.step(t, "b", "thief")
	}
	current, _ := w.workflow(t, "b", "thief").Current()
	assert.Equal(t, "pipelines", current.RunNamespace, "another run takes its place")
	require.NoError(t, w.deliver(t, w.run(t, "pipelines", "b", "thief")))
}

// TestInputInTheNamespaceOfAllRuns: a ConfigMap of somebody else stays where the runs of all requests
// are.
func TestInputInTheNamespaceOfAllRuns(t *testing.T) {
	w := newWorld(t, promise(t, runsIn("pipelines")), thing(t, "a", "victim"), thing(t, "b", "thief"), namespace("a"), namespace("b"), namespace("pipelines"))
	w.step(t, "a", "victim")
	w.step(t, "b", "thief")
	victim := w.run(t, "pipelines", "a", "victim").DeepCopy()
	precious := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "pipelines", Name: "precious-input"}}
	require.NoError(t, w.api.Create(t.Context(), precious))
	other := victim.DeepCopy()
	other.SetName("precious")
	w.claimRun(t, other)
	o := newObject(w.thing(t, "b", "thief"))
	status := progress.Read(o.status())
	status.Pipelines[1].Run, status.Pipelines[1].RunNamespace = victim.GetName(), "pipelines"
	status.Write(o.status())
	require.NoError(t, w.api.Status().Update(t.Context(), o.Unstructured))
	w.delete(t, w.thing(t, "b", "thief"))
	for range 3 {
		w.step(t, "b", "thief")
	}
	require.Nil(t, w.thing(t, "b", "thief"))
	require.NoError(t, w.api.Get(t.Context(), client.ObjectKeyFromObject(precious), precious))
	input := &corev1.ConfigMap{}
	require.NoError(t, w.api.Get(t.Context(), client.ObjectKey{Namespace: "pipelines", Name: plan.InputName(victim.GetName())}, input))
}

// TestRunWithTheLabelsOfAnotherPromise: the run of a request for one Promise gets the labels of
// another Promise, which is to be deleted.
func TestRunWithTheLabelsOfAnotherPromise(t *testing.T) {
	w := newWorld(t, promise(t, pipelines("promise", "delete", "bye"), deleting(append([]string{v1alpha1.FinalizerDeleteWorkflows}, finalizersAlways...)...)), served(), namespace(system))
	relabelled := some(taskRunKind)
	relabelled.SetNamespace("evil")
	relabelled.SetName("other-one")
	w.Seal.Put(relabelled, "uid of a request for another Promise")
	relabelled.SetLabels(map[string]string{
		v1alpha1.LabelPromise: "things", v1alpha1.LabelWorkflowType: "resource", v1alpha1.LabelWorkflowAction: "configure", v1alpha1.LabelResource: "one",
	})
	require.NoError(t, w.api.Create(t.Context(), relabelled))
	for range 2 {
		_, err := w.reconcilePromise(t)
		require.NoError(t, err)
	}
	assert.Len(t, w.runs(t, system), 1, "the delete workflow has begun")
}
