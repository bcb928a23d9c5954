// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/debian"
	"github.com/kratix-compile/kratix-compile/e2e/local"
)

// caller is a Promise with a Pipeline that reads an object of the API server, and makes another one.
const caller = `apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: caller}
spec:
  workflows:
    promise:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: call}
          spec:
            rbac: {permissions: [{apiGroups: [""], resources: [configmaps], verbs: [get, create]}]}
            containers:
              - name: kubectl
                image: localhost/kubectl:1
                command: [sh, -euc]
                args:
                  - |
                    kubectl --namespace NAMESPACE get configmap asked -o 'jsonpath={.data.size}' > /kratix/output/size
                    kubectl --namespace NAMESPACE create configmap answered --from-file=/kratix/output/size
`

// TestRunWithAPI: with --api, a Pipeline of kratix-compile run on Podman calls this cluster's API server.
// Without it, a warning says what the Pipeline lacks, and the Pipeline fails.
func TestRunWithAPI(t *testing.T) {
	if !debian.Has("podman") && !debian.Installs() {
		t.Skip("there is no podman, and it cannot be installed")
	}
	dir := t.TempDir()
	engine := podmanWithKubectl(t, dir)
	namespace := newNamespace(t, "run-api")
	maps := shared.Typed.CoreV1().ConfigMaps(namespace)
	_, err := maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "asked"}, Data: map[string]string{"size": "large"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	promise := filepath.Join(dir, "promise.yaml")
	require.NoError(t, os.WriteFile(promise, []byte(strings.ReplaceAll(caller, "NAMESPACE", namespace)), 0o600))

	run := func(code int, args ...string) string {
		command := exec.CommandContext(t.Context(), compiler, append([]string{"run", "-f", promise, "--container-engine", engine}, args...)...)
		command.Env = append(os.Environ(), "XDG_CACHE_HOME="+dir)
		said, _ := command.CombinedOutput() // its code is looked at
		require.Equal(t, code, command.ProcessState.ExitCode(), "%s", said)
		return string(said)
	}
	said := run(1)
	assert.Contains(t, said, "containers reach no API server here; give one with --api KUBECONFIG")
	said = run(0, "--api", shared.Kubeconfig, "--output-dir", filepath.Join(dir, "files"))
	assert.NotContains(t, said, "warning")
	assert.Contains(t, said, "call/kubectl | configmap/answered created\n")

	wrote, err := os.ReadFile(filepath.Join(dir, "files/caller/promise-configure/call/output/size"))
	require.NoError(t, err)
	assert.Equal(t, "large", string(wrote))
	answered, err := maps.Get(t.Context(), "answered", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, "large", answered.Data["size"])
}

// podmanWithKubectl is a Podman that has everything in dir, and an image with kubectl and a shell.
func podmanWithKubectl(t *testing.T, dir string) string {
	t.Helper()
	engine, err := local.Podman(dir)
	require.NoError(t, err)
	require.NoError(t, local.MakeBusybox(t.Context(), engine))
	image := filepath.Join(dir, "image")
	kubectl, err := cluster.Kubectl(t.Context(), os.Stderr)
	require.NoError(t, err)
	copyFile(t, kubectl, filepath.Join(image, "kubectl"))
	require.NoError(t, os.WriteFile(filepath.Join(image, "Dockerfile"), []byte("FROM "+local.Busybox+"\nCOPY kubectl /bin/kubectl\n"), 0o600))
	out, err := exec.CommandContext(t.Context(), engine, "build", "--quiet", "--tag", "localhost/kubectl:1", image).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return engine
}
