// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/docs/commands"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// upgradeDefinitions is a step of its own with kustomize; with helm they are in the chart.
func (in *installation) upgradeDefinitions(t *testing.T) {
	t.Helper()
	if in.way.name == kustomize.name {
		in.follow(t, upgradePage, "CRDs", 0)
	}
}

var addedField = []string{"properties", "spec", "properties", "addedLater"}

// grow gives the CRD of Destinations a field that the last release does not have.
func (in *installation) grow(t *testing.T) {
	t.Helper()
	file := filepath.Join(in.dir, "deploy/crds/destinations.yaml")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	objects, err := cluster.Objects(data)
	require.NoError(t, err)
	schema := schemaOf(t, objects[0])
	require.NoError(t, unstructured.SetNestedMap(schema, map[string]any{"type": "string"}, addedField...))
	data, err = yaml.Marshal(objects[0].Object)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, data, 0o600))
}

// grown says whether the cluster has that field.
func (u *upgrade) grown(t *testing.T) bool {
	t.Helper()
	crd := u.last.there(t, named("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "destinations.platform.kratix.io"))
	_, found, err := unstructured.NestedMap(schemaOf(t, crd), addedField...)
	require.NoError(t, err)
	return found
}

// schemaOf is that of a CRD's only version, itself and no copy.
func schemaOf(t *testing.T, crd *unstructured.Unstructured) map[string]any {
	t.Helper()
	versions, _, err := unstructured.NestedFieldNoCopy(crd.Object, "spec", "versions")
	require.NoError(t, err)
	require.Len(t, versions, 1)
	schema, _, err := unstructured.NestedFieldNoCopy(versions.([]any)[0].(map[string]any), "schema", "openAPIV3Schema")
	require.NoError(t, err)
	return schema.(map[string]any)
}

// patch adds to kustomization.yaml what docs/upgrade.md shows.
func (a *administrator) patch(t *testing.T) {
	t.Helper()
	blocks, err := commands.Blocks(os.DirFS(".."), upgradePage)
	require.NoError(t, err)
	more := blocks[len(blocks)-1]
	require.Equal(t, "yaml", more.Language)
	file, err := os.OpenFile(filepath.Join(a.dir, "kustomization.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(more.Text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// olderDefinitions are in the cluster with an object of theirs.
func (a *administrator) olderDefinitions(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	a.enter(t, "", "kubectl apply --server-side --force-conflicts -f deploy/crds/testdata/older.yaml")
	data, err := os.ReadFile("../deploy/crds/testdata/older.yaml")
	require.NoError(t, err)
	definitions, err := cluster.Objects(data)
	require.NoError(t, err)
	require.NoError(t, shared.Install(t.Context(), definitions)) // which waits until they are served
	objects, err := cluster.Objects([]byte(`
{apiVersion: platform.kratix.io/v1alpha1, kind: GitStateStore, metadata: {name: older},
  spec: {url: https://git.example/older.git, branch: main, secretRef: {name: none, namespace: default}}}
`))
	require.NoError(t, err)
	require.NoError(t, shared.Create(t.Context(), objects...))
	t.Cleanup(func() { remove(t, objects[0]) })
	resource, err := shared.Resource(objects[0])
	require.NoError(t, err)
	made, err := resource.Get(t.Context(), "older", metav1.GetOptions{})
	require.NoError(t, err)
	return made
}

// outlive: the newer definition has the same object, and the runner looks after it.
func outlive(t *testing.T, before *unstructured.Unstructured) {
	t.Helper()
	after, err := shared.Await(bounded(t), before, func(o *unstructured.Unstructured) (bool, error) {
		return conditionOf(o, "Ready") == "False", nil
	})
	require.NoError(t, err)
	assert.Equal(t, before.GetUID(), after.GetUID())
	assert.Equal(t, before.Object["spec"], after.Object["spec"])
}
