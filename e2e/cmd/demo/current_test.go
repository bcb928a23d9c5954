// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// TestCurrentContext: the files of KUBECONFIG are one, and only the current context is used.
func TestCurrentContext(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	clusters := write("clusters", `{apiVersion: v1, kind: Config, clusters: [
  {name: a, cluster: {server: "https://a:6443", certificate-authority: ca.crt}}, {name: b, cluster: {server: "https://b:6443"}}]}`)
	contexts := write("contexts", `{apiVersion: v1, kind: Config, current-context: kind-a, contexts: [
  {name: kind-a, context: {cluster: a}}, {name: kind-b, context: {cluster: b}}]}`)
	write("ca.crt", "")
	t.Setenv("KUBECONFIG", clusters+string(os.PathListSeparator)+contexts)

	var said strings.Builder
	file, name, err := currentContext(&said, t.TempDir())
	require.NoError(t, err)
	assert.Equal(t, "kind-a", name)
	assert.Equal(t, "demo: using the context kind-a, the API server https://a:6443\n", said.String())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(text), filepath.Join(dir, "ca.crt"))
	assert.NotContains(t, string(text), "https://b:6443")

	t.Setenv("KUBECONFIG", clusters)
	_, _, err = currentContext(&said, t.TempDir())
	require.ErrorContains(t, err, "your kubeconfig has no current context; choose one")
}

// TestMissing: the demonstration says what to install, and installs nothing.
func TestMissing(t *testing.T) {
	client := fake.NewClientset()
	says := func(engine, want string) {
		t.Helper()
		assert.ErrorContains(t, missing(t.Context(), client, engine, "kind-a"), want)
	}
	says("jenkins", "ENGINE=jenkins is unknown; use tekton or argo")
	says("argo", "Argo Workflows is not installed in kind-a, which does not serve argoproj.io/v1alpha1; install it as https://")
	client.Resources = []*metav1.APIResourceList{{GroupVersion: "tekton.dev/v1"}}
	says("argo", "Argo Workflows is not installed")
	says("tekton", "kratix-runner is not installed in kind-a; install it as docs/install.md says")

	runner := &appsv1.Deployment{}
	runner.Name, runner.Namespace = "kratix-runner", "kratix-platform-system"
	runner.Labels = map[string]string{"app.kubernetes.io/name": "kratix-runner"}
	require.NoError(t, client.Tracker().Add(runner))
	says("tekton", "no Pod of it is available; see why with kubectl -n kratix-platform-system describe")
	runner.Status.AvailableReplicas = 1
	require.NoError(t, client.Tracker().Update(appsv1.SchemeGroupVersion.WithResource("deployments"), runner, runner.Namespace))
	require.NoError(t, missing(t.Context(), client, "tekton", "kind-a"))
	assert.Empty(t, creates(client), "nothing is installed")
}

// creates are the verbs that change a cluster.
func creates(client *fake.Clientset) (verbs []string) {
	for _, action := range client.Actions() {
		if verb := action.GetVerb(); verb != "get" && verb != "list" {
			verbs = append(verbs, verb)
		}
	}
	return verbs
}
