// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// TestRestore does what docs/operations.md says: in a cluster that has lost all of it, what
// people wrote is applied again. The State Store is found as it was.
func TestRestore(t *testing.T) {
	kubectl := buildKubectl(t)
	installed := installRunner(t)
	r := newReader(t, kubectl)
	around := steps(t, "README.md")
	apply := func() {
		for _, command := range []string{
			"kubectl apply -f examples/login.yaml -f examples/state-store.yaml",
			"kubectl wait --for=condition=Ready --timeout=2m destination/worker",
			"kubectl apply -f examples/website/promise.yaml",
			"kubectl wait --for=condition=Available --timeout=2m promise/website",
			"kubectl apply -f examples/website/request.yaml",
			"kubectl wait --for=condition=Reconciled --timeout=5m website/tea promise/website",
		} {
			out, err := r.command(t, "sh", "-c", command).CombinedOutput()
			require.NoError(t, err, "%s\n%s", command, out)
		}
	}
	before, err := installed.Start(t.Context(), filepath.Join(t.TempDir(), "runner.log"), "--engine="+engines[0].name)
	require.NoError(t, err)
	apply()
	require.NoError(t, before.Kill())
	files, head := r.store.files(t), r.store.head(t)
	require.NotEmpty(t, files)

	lose(t)
	startRunner(t, installed, engines[0])
	apply()
	assert.Equal(t, files, r.store.files(t))
	assert.Equal(t, head, r.store.head(t), "nothing was written")

	out, err := r.command(t, "sh", "-c", "kubectl delete -f examples/website").CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Empty(t, r.store.files(t))
	r.follow(t, around[1])
}

// lose takes everything of Kratix out of the cluster, as a disaster does: nobody is asked.
func lose(t *testing.T) {
	t.Helper()
	for _, resource := range []schema.GroupVersionResource{
		{Group: "platform.kratix.io", Version: "v1alpha1", Resource: "promises"},
		{Group: "example.org", Version: "v1", Resource: "websites"},
		{Group: "platform.kratix.io", Version: "v1alpha1", Resource: "works"},
		{Group: "platform.kratix.io", Version: "v1alpha1", Resource: "workplacements"},
		{Group: "platform.kratix.io", Version: "v1alpha1", Resource: "destinations"},
		{Group: "platform.kratix.io", Version: "v1alpha1", Resource: "gitstatestores"},
	} {
		list, err := shared.Dynamic.Resource(resource).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		require.NotEmpty(t, list.Items, resource.Resource)
		for _, o := range list.Items {
			objects := shared.Dynamic.Resource(resource).Namespace(o.GetNamespace())
			_, err := objects.Patch(t.Context(), o.GetName(), types.MergePatchType, []byte(`{"metadata": {"finalizers": null}}`), metav1.PatchOptions{})
			require.NoError(t, err)
			if err := objects.Delete(t.Context(), o.GetName(), metav1.DeleteOptions{}); !apierrors.IsNotFound(err) {
				require.NoError(t, err)
			}
		}
	}
	crds := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	require.NoError(t, shared.Dynamic.Resource(crds).Delete(t.Context(), "websites.example.org", metav1.DeleteOptions{}))
}
