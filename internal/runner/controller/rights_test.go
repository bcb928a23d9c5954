// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// permitted lets the first Pipeline of requests read Secrets in these namespaces, of which "" is
// its own.
func permitted(namespaces ...string) change {
	return func(t testing.TB, u *unstructured.Unstructured) {
		t.Helper()
		var permissions []any
		for _, namespace := range namespaces {
			p := map[string]any{"apiGroups": []any{""}, "resources": []any{"secrets"}, "verbs": []any{"get"}}
			if namespace != "" {
				p["resourceNamespace"] = namespace
			}
			permissions = append(permissions, p)
		}
		list, _, err := unstructured.NestedSlice(u.Object, "spec", "workflows", "resource", "configure")
		require.NoError(t, err)
		require.NoError(t, unstructured.SetNestedSlice(list[0].(map[string]any), permissions, "spec", "rbac", "permissions"))
		require.NoError(t, unstructured.SetNestedSlice(u.Object, list, "spec", "workflows", "resource", "configure"))
	}
}

// rights are those that Pipelines have asked for: "<kind> <namespace>: <resource namespace>".
func (w *world) rights(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, kind := range rightsKinds {
		list := someList(kind)
		require.NoError(t, w.api.List(t.Context(), list))
		for _, o := range list.Items {
			if labels := o.GetLabels(); labels[v1alpha1.LabelPipeline] != "" {
				all = append(all, fmt.Sprintf("%s %s: %s", kind.Kind, o.GetNamespace(), labels[v1alpha1.LabelResourceNamespace]))
			}
		}
	}
	return all
}

// TestRightsAreRevoked before the next run, and only those of the namespace in which that is.
func TestRightsAreRevoked(t *testing.T) {
	w := newWorld(t, promise(t, permitted("", "storage", "*")), thing(t, "a", "one"), thing(t, "b", "two"), namespace("a"), namespace("b"))
	w.step(t, "a", "one")
	w.step(t, "b", "two")
	assert.ElementsMatch(t, []string{
		"ClusterRole : storage", "ClusterRole : kratix_all_namespaces",
		"RoleBinding storage: storage", "ClusterRoleBinding : kratix_all_namespaces", "Role a: ", "RoleBinding a: ",
		"RoleBinding storage: storage", "ClusterRoleBinding : kratix_all_namespaces", "Role b: ", "RoleBinding b: ",
	}, w.rights(t))

	again := func(namespace, name string, left ...string) {
		t.Helper()
		w.succeed(t, w.run(t, namespace, namespace, name))
		w.step(t, namespace, name)
		require.NotEmpty(t, w.run(t, namespace, namespace, name))
		assert.ElementsMatch(t, left, w.rights(t))
	}
	w.edit(t, w.promise(t), permitted("storage"))
	again("a", "one",
		"ClusterRole : storage", "RoleBinding storage: storage",
		"RoleBinding storage: storage", "ClusterRoleBinding : kratix_all_namespaces", "Role b: ", "RoleBinding b: ")
	again("b", "two", "ClusterRole : storage", "RoleBinding storage: storage", "RoleBinding storage: storage")
}

// TestBaseRightsOfKratix: with pipelineNamespace Kratix gives an account rights on requests of all
// namespaces, and on Works. They go before the first run here, and the runner's own stay.
func TestBaseRightsOfKratix(t *testing.T) {
	w := newWorld(t, promise(t, runsIn("pipelines")), thing(t, "a", "one"), namespace("a"), namespace("pipelines"))
	id := "things-resource-configure-one"
	left := func(kind, namespace, name string, labels map[string]string) *unstructured.Unstructured {
		o := some(rbacv1.SchemeGroupVersion.WithKind(kind))
		o.SetNamespace(namespace)
		o.SetName(name)
		o.SetLabels(labels)
		o.Object["rules"] = []any{map[string]any{"apiGroups": []any{v1alpha1.Group}, "resources": []any{"works"}, "verbs": []any{"*"}}}
		require.NoError(t, w.api.Create(t.Context(), o))
		return o
	}
	ours := map[string]string{v1alpha1.LabelPromise: "things"}
	goes := []*unstructured.Unstructured{
		left("ClusterRole", "", id+"-a", ours), left("ClusterRoleBinding", "", id+"-a", ours),
		left("Role", "pipelines", id, ours),
	}
	stays := []*unstructured.Unstructured{
		left("ClusterRole", "", id+"-b", ours), // until a request of b runs
		left("ClusterRole", "", "other-"+id+"-a", ours),
		left("Role", "elsewhere", id, map[string]string{v1alpha1.LabelPromise: "other"}),
	}
	w.step(t, "a", "one")
	require.Len(t, w.runs(t, "pipelines"), 1)
	for _, o := range goes {
		assert.True(t, apierrors.IsNotFound(w.api.Get(t.Context(), client.ObjectKeyFromObject(o), o)), "%s %s", o.GetKind(), o.GetName())
	}
	for _, o := range stays {
		assert.NoError(t, w.api.Get(t.Context(), client.ObjectKeyFromObject(o), o), "%s %s", o.GetKind(), o.GetName())
	}
	own := some(rbacv1.SchemeGroupVersion.WithKind("Role"))
	assert.NoError(t, w.api.Get(t.Context(), client.ObjectKey{Namespace: "a", Name: id}, own), "the runner's own")
}

// TestBaseRightsOfRequestsBesideTheRuns: a request in pipelineNamespace itself has its base rights
// where Kratix had those on Works. A run for another namespace leaves them alone.
func TestBaseRightsOfRequestsBesideTheRuns(t *testing.T) {
	w := newWorld(t, promise(t, runsIn("pipelines")), thing(t, "pipelines", "one"), thing(t, "a", "two"), namespace("a"), namespace("pipelines"))
	w.step(t, "pipelines", "one")
	w.step(t, "a", "two")
	require.Len(t, w.runs(t, "pipelines"), 2)
	for _, kind := range []string{"Role", "RoleBinding"} {
		own := some(rbacv1.SchemeGroupVersion.WithKind(kind))
		assert.NoError(t, w.api.Get(t.Context(), client.ObjectKey{Namespace: "pipelines", Name: "things-resource-configure-one"}, own), kind)
	}
}

// TestLabelOfSharedRoles: scripts find ClusterRoles by it. It is that of the first namespace, and
// comes to those that an earlier version of the runner has made without it.
func TestLabelOfSharedRoles(t *testing.T) {
	w := newWorld(t, promise(t, permitted("storage")), thing(t, "a", "one"), thing(t, "b", "two"), thing(t, "b", "three"), namespace("a"), namespace("b"))
	role := func() *unstructured.Unstructured {
		t.Helper()
		list := someList(clusterRoleKind)
		require.NoError(t, w.api.List(t.Context(), list, client.HasLabels{v1alpha1.LabelPipeline}))
		require.Len(t, list.Items, 1)
		return &list.Items[0]
	}
	w.step(t, "a", "one")
	w.step(t, "b", "two")
	assert.Equal(t, "a", role().GetLabels()[plan.LabelPipelineNamespace])

	older := role()
	labels := older.GetLabels()
	delete(labels, plan.LabelPipelineNamespace)
	labels["theirs"] = "stays"
	older.SetLabels(labels)
	require.NoError(t, w.api.Update(t.Context(), older))
	w.step(t, "b", "three")
	assert.Equal(t, "b", role().GetLabels()[plan.LabelPipelineNamespace])
	assert.Equal(t, "stays", role().GetLabels()["theirs"])
}
