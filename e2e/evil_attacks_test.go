// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/e2e/runner"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	stored "github.com/kratix-compile/kratix-compile/internal/harvest/record"
)

// linger leaves a run with the victim's labels that finds no node, and so never ends.
func (m *evil) linger(t *testing.T, v victim) {
	t.Helper()
	run := m.homeless(t, v, v.run.GetName()+"-never")
	m.submit(t, v, run)
	pods := m.siege.engine.watchPods(t, run)
	pods.until(t, "the Pod", func() bool { return len(pods.pods) == 1 })
}

func (m *evil) homeless(t *testing.T, v victim, name string) *unstructured.Unstructured {
	t.Helper()
	run := m.forge(t, v, name)
	at := []string{"spec", "podTemplate", "nodeSelector"}
	if m.siege.engine.name == "argo" {
		at = []string{"spec", "nodeSelector"}
	}
	require.NoError(t, unstructured.SetNestedField(run.Object, map[string]any{"no": "node"}, at...))
	return run
}

// fail has a run with the victim's labels fail.
func (m *evil) fail(t *testing.T, v victim) {
	t.Helper()
	run := m.forge(t, v, v.run.GetName()+"-fails", "; echo", "; exit 3; echo")
	m.submit(t, v, run)
	pods := m.siege.engine.watchPods(t, run)
	pods.until(t, "the end", pods.settled)
	assert.Equal(t, corev1.PodFailed, pods.newest().Status.Phase)
}

// ownPods makes Pods that say they are the victim's run's, and one of a run of the same name.
func (m *evil) ownPods(t *testing.T, v victim) {
	t.Helper()
	t.Log(m.push(t, v, m.token(t, m.pod(t, v.run.GetName()+"-pod-a", v.run))))
	namesake := m.homeless(t, v, v.run.GetName())
	m.submit(t, v, namesake)
	namesake, err := get(namesake)
	require.NoError(t, err)
	t.Log(m.push(t, v, m.token(t, m.pod(t, v.run.GetName()+"-pod-b", namesake))))
}

// claim writes into the status of a request of its own that the victim's run is its run. By the
// end of another request the runner has looked at it.
func (m *evil) claim(t *testing.T, v victim) {
	t.Helper()
	s := m.siege
	own := "own-" + v.object.GetName()
	s.ask(t, m.namespace, own, "size: small")
	s.gates.await(t, own)
	object, err := get(v.object)
	require.NoError(t, err)
	status, found, err := unstructured.NestedFieldNoCopy(object.Object, "status", "kratix")
	require.NoError(t, err)
	require.True(t, found)
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"kratix": status}})
	require.NoError(t, err)
	_, err = m.client.Dynamic.Resource(s.things()).Namespace(m.namespace).Patch(t.Context(), own, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	require.NoError(t, err)
	after := "after-" + v.object.GetName()
	s.gates.open(after)
	s.ask(t, m.namespace, after, "size: small")
	s.await(t, m.namespace, after, completed)
	s.gates.open(own)
}

// keepRecords has in its namespace what the runner has in its own and where the run is.
func (m *evil) keepRecords(t *testing.T, v victim) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", m.kubeconfig)
	require.NoError(t, err)
	c, err := client.New(config, client.Options{Scheme: clientgoscheme.Scheme})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file.txt"), []byte("evil\n"), 0o600))
	tree, err := bundle.Scan(bundle.Directories{Output: dir}, bundle.DefaultLimits())
	require.NoError(t, err)
	digest, size, err := tree.Digest()
	require.NoError(t, err)
	var data bytes.Buffer
	_, err = tree.WriteTo(&data)
	require.NoError(t, err)
	put := func(namespace string, data io.Reader) error {
		records := &stored.Store{Writer: c, Reader: c, Namespace: namespace}
		key := stored.Key{Namespace: v.run.GetNamespace(), Run: v.run.GetName()}
		_, _, err := records.Put(t.Context(), key, stored.Origin{Pod: "pod", Labels: v.run.GetLabels()}, digest.String(), size, data)
		return err
	}
	require.NoError(t, put(m.namespace, bytes.NewReader(data.Bytes())))
	require.ErrorContains(t, put(runner.SystemNamespace, &data), "forbidden")
	input := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: v.run.GetName() + "-input", Labels: v.run.GetLabels()}, Data: map[string]string{"object.yaml": "evil"}}
	_, err = m.client.Typed.CoreV1().ConfigMaps(m.namespace).Create(t.Context(), input, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) { // of another attack
		require.NoError(t, err)
	}
	_, err = m.client.Typed.CoreV1().ConfigMaps(v.run.GetNamespace()).Create(t.Context(), input, metav1.CreateOptions{})
	assert.True(t, apierrors.IsForbidden(err), "%v", err)
}

// overreach tries what only the API server is in the way of.
func (m *evil) overreach(t *testing.T, v victim) {
	t.Helper()
	name, place := v.object.GetName(), v.run.GetNamespace()
	for _, o := range []*unstructured.Unstructured{
		named("platform.kratix.io/v1alpha1", "Work", m.namespace, name),
		named("platform.kratix.io/v1alpha1", "Work", place, name),
		named("platform.kratix.io/v1alpha1", "WorkPlacement", m.namespace, name),
		named("platform.kratix.io/v1alpha1", "WorkPlacement", place, name),
		named("platform.kratix.io/v1alpha1", "Promise", "", name+"-2"),
		named("platform.kratix.io/v1alpha1", "Destination", "", name),
		named("platform.kratix.io/v1alpha1", "GitStateStore", "", name),
		named("v1", "ConfigMap", runner.SystemNamespace, name),
		named("v1", "Pod", place, name),
		named(v.run.GetAPIVersion(), v.run.GetKind(), place, name),
		named("rbac.authorization.k8s.io/v1", "RoleBinding", m.namespace, name),
	} {
		assert.ErrorContains(t, m.client.Create(t.Context(), o), "forbidden", "%s in %q", o.GetKind(), o.GetNamespace())
	}
	for _, o := range []*unstructured.Unstructured{v.object, v.run} {
		resource, err := m.client.Resource(o)
		require.NoError(t, err)
		for _, part := range [][]string{nil, {"status"}} {
			_, err = resource.Patch(t.Context(), o.GetName(), types.MergePatchType, []byte(`{"status":{"evil":"yes"},"metadata":{"labels":{"evil":"yes"}}}`), metav1.PatchOptions{}, part...)
			assert.True(t, apierrors.IsForbidden(err), "%s %v: %v", o.GetKind(), part, err)
		}
		err = resource.Delete(t.Context(), o.GetName(), metav1.DeleteOptions{})
		assert.True(t, apierrors.IsForbidden(err), "%s: %v", o.GetKind(), err)
	}
	for _, namespace := range []string{runner.SystemNamespace, place} {
		_, err := m.client.Typed.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
		assert.True(t, apierrors.IsForbidden(err), "%v", err)
		err = m.client.Typed.CoreV1().ConfigMaps(namespace).DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{})
		assert.True(t, apierrors.IsForbidden(err), "%v", err)
	}
}

// replay uses the token of a run of its own when that has delivered, and when it is gone.
func (m *evil) replay(t *testing.T, v victim) {
	t.Helper()
	s := m.siege
	own := "replays-" + v.object.GetName()
	s.ask(t, m.namespace, own, "size: small")
	s.gates.await(t, own)
	run := s.runOf(t, m.namespace, own)
	pods := s.engine.pods(t, run)
	require.Len(t, pods, 1)
	token := m.token(t, &pods[0])
	s.gates.open(own)
	s.await(t, m.namespace, own, written)
	t.Log(m.push(t, v, token))
	s.change(t, m.namespace, own, `{"spec":{"size":"large"}}`)
	s.await(t, m.namespace, own, written)
	t.Log(m.push(t, v, token))
	require.NoError(t, m.client.Typed.CoreV1().Pods(m.namespace).Delete(t.Context(), pods[0].Name, *metav1.NewDeleteOptions(0)))
	t.Log(m.push(t, v, token))
	o := s.await(t, m.namespace, own, written)
	assert.Empty(t, field(o, "status", "evil"))
	assert.Equal(t, map[string]string{"file.txt": "genuine " + own + " large\n"}, s.files(t, m.namespace, own, "write"))
}
