// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// taskRunInCI and workflowInCI are what a platform team writes to use what is in deploy/ci.
const (
	taskRunInCI = `
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: checks, namespace: NAMESPACE}
spec:
  taskRef: {name: kratix-compile}
  params:
    - {name: image, value: CHECKER}
  workspaces:
    - name: source
      configMap: {name: repository, items: ITEMS}
`
	workflowInCI = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: checks, namespace: NAMESPACE}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: checks, namespace: NAMESPACE}
rules:
  - {apiGroups: [argoproj.io], resources: [workflowtaskresults], verbs: [create, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: checks, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: checks}
subjects:
  - {kind: ServiceAccount, name: checks, namespace: NAMESPACE}
---
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: checks, namespace: NAMESPACE}
spec:
  entrypoint: main
  serviceAccountName: checks
  templates:
    - name: main
      steps:
        - - name: promises
            templateRef: {name: kratix-compile, template: check}
            arguments:
              artifacts:
                - name: source
                  http: {url: "ARCHIVE"}
              parameters:
                - {name: image, value: CHECKER}
`
)

// TestChecksInCI runs what is in deploy/ci on the engines, with the example that
// docs/golden-files-in-ci.md tells people to copy: as it is, and after somebody has edited a golden
// file. It needs a node on this machine, which has the archive that Argo fetches.
func TestChecksInCI(t *testing.T) {
	onThisMachine(t)
	checker := pushChecker(t)
	for _, e := range engines {
		for name, succeeds := range map[string]bool{"green": true, "red": false} {
			t.Run(e.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				example := t.TempDir()
				require.NoError(t, os.CopyFS(example, os.DirFS("../examples/golden-in-ci")))
				if !succeeds {
					editGolden(t, example)
				}
				run := e.checkInCI(t, checker, example)
				_, succeeded := outcome(run)
				assert.Equal(t, succeeds, succeeded, describe(run))
				changed := strings.Contains(e.logs(t, run), "+      image: registry.example/storage/render:v2.3.0")
				assert.Equal(t, !succeeds, changed, "the log has the diff")
			})
		}
	}
}

// pushChecker is an image as deploy/images makes it.
func pushChecker(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "kratix-compile")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "..", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/kratix-compile")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	image, err := cluster.Push(t.Context(), cluster.Image{
		Name: "kratix-compile", Files: map[string]string{"/kratix-compile": program},
		Config: v1.Config{User: "65532:65532", Entrypoint: []string{"/kratix-compile"}},
	})
	require.NoError(t, err)
	return image
}

func editGolden(t *testing.T, example string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(example, "golden/bucket/*.tekton.yaml"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	fill(t, files[0], "storage/render:v2.3.0", "storage/render:v2.2.0")
}

// checkInCI installs what the engine needs in a namespace of its own, and awaits the end of the run.
func (e engine) checkInCI(t *testing.T, checker, example string) *unstructured.Unstructured {
	t.Helper()
	namespace := newNamespace(t, "ci")
	installed, text := "../deploy/ci/tekton-task.yaml", taskRunInCI
	words := []string{"NAMESPACE", namespace, "CHECKER", checker}
	if e.name == "argo" {
		installed, text = "../deploy/ci/argo-workflowtemplate.yaml", workflowInCI
		words = append(words, "ARCHIVE", serveArchive(t, example))
	} else {
		words = append(words, "ITEMS", storeFiles(t, namespace, example))
	}
	data, err := os.ReadFile(installed)
	require.NoError(t, err)
	objects, err := cluster.Objects(data)
	require.NoError(t, err)
	for _, object := range objects {
		object.SetNamespace(namespace)
	}
	own, err := cluster.Objects([]byte(strings.NewReplacer(words...).Replace(text)))
	require.NoError(t, err)
	objects = append(objects, own...)
	require.NoError(t, shared.Create(bounded(t), objects...))
	run, err := shared.Await(bounded(t), objects[len(objects)-1], func(run *unstructured.Unstructured) (bool, error) {
		ended, _ := outcome(run)
		return ended, nil
	})
	require.NoError(t, err, "%s", describe(run))
	return run
}

// outcome is that of a run which the runner has not made, so no Observer reads it.
func outcome(run *unstructured.Unstructured) (ended, succeeded bool) {
	phase, _, _ := unstructured.NestedString(run.Object, "status", "phase")
	conditions, _, _ := unstructured.NestedSlice(run.Object, "status", "conditions")
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok && fields["type"] == "Succeeded" {
			return fields["status"] != "Unknown", fields["status"] == "True"
		}
	}
	return phase == "Succeeded" || phase == "Failed" || phase == "Error", phase == "Succeeded"
}

// logs are those of all containers of a run that the engine did not add.
func (e engine) logs(t *testing.T, run *unstructured.Unstructured) string {
	t.Helper()
	var all strings.Builder
	for _, pod := range e.pods(t, run) {
		for _, c := range pod.Spec.Containers {
			if c.Name == "main" || strings.HasPrefix(c.Name, "step-") {
				log, err := shared.Typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: c.Name}).DoRaw(bounded(t))
				require.NoError(t, err)
				all.Write(log)
			}
		}
	}
	return all.String()
}

// checked are the files of an example that the checks read.
func checked(t *testing.T, example string) (names []string) {
	t.Helper()
	for _, pattern := range []string{"promises/*", "golden/*/*"} {
		found, err := filepath.Glob(filepath.Join(example, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, found)
		names = append(names, found...)
	}
	return names
}

// storeFiles puts an example into a ConfigMap. A workspace gets directories back by the items that
// it returns, in JSON.
func storeFiles(t *testing.T, namespace, example string) string {
	t.Helper()
	stored := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "repository"}, Data: map[string]string{}}
	var items []string
	for i, file := range checked(t, example) {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		path, err := filepath.Rel(example, file)
		require.NoError(t, err)
		key := fmt.Sprintf("file-%d", i)
		stored.Data[key] = string(data)
		items = append(items, fmt.Sprintf("{key: %s, path: %s}", key, path))
	}
	_, err := shared.Typed.CoreV1().ConfigMaps(namespace).Create(t.Context(), stored, metav1.CreateOptions{})
	require.NoError(t, err)
	return "[" + strings.Join(items, ", ") + "]"
}

// serveArchive is the address of an example as an archive.
func serveArchive(t *testing.T, example string) string {
	t.Helper()
	var data bytes.Buffer
	compressed := gzip.NewWriter(&data)
	archive := tar.NewWriter(compressed)
	for _, file := range checked(t, example) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		path, err := filepath.Rel(example, file)
		require.NoError(t, err)
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: path, Mode: 0o644, Size: int64(len(content))}))
		_, err = archive.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, compressed.Close())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data.Bytes()) }))
	t.Cleanup(server.Close)
	return server.URL + "/example.tgz"
}
