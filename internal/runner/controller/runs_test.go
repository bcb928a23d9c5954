// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
)

// run is that of the Pipeline that a request is at.
func (w *world) run(t testing.TB, in, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	pipeline, ok := w.workflow(t, namespace, name).Current()
	require.True(t, ok)
	run := w.get(t, taskRunKind, in, pipeline.Run)
	require.NotNil(t, run, "the run %q", pipeline.Run)
	return run
}

func (w *world) runs(t testing.TB, namespace string) []unstructured.Unstructured {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(taskRunKind)
	require.NoError(t, w.api.List(t.Context(), list, client.InNamespace(namespace)))
	return list.Items
}

// harvest stores what a run leaves behind, as the harvest server does. Paths begin with
// output/ or metadata/.
func (w *world) harvest(t testing.TB, run *unstructured.Unstructured, files map[string]string) record.Key {
	t.Helper()
	dirs := bundle.Directories{Output: filepath.Join(t.TempDir(), "output"), Metadata: t.TempDir()}
	require.NoError(t, os.Mkdir(dirs.Output, 0o755))
	for path, content := range files {
		root := map[string]string{"output": dirs.Output, "metadata": dirs.Metadata}[filepath.Dir(path)]
		require.NotEmpty(t, root, path)
		require.NoError(t, os.WriteFile(filepath.Join(root, filepath.Base(path)), []byte(content), 0o600))
	}
	tree, err := bundle.Scan(dirs, bundle.DefaultLimits())
	require.NoError(t, err)
	var packed bytes.Buffer
	_, err = tree.WriteTo(&packed)
	require.NoError(t, err)
	digest, size, err := tree.Digest()
	require.NoError(t, err)
	key := record.Key{Namespace: run.GetNamespace(), Run: run.GetName()}
	server := &record.Store{Writer: w.api, Reader: w.api, Namespace: system}
	_, _, err = server.Put(t.Context(), key, record.Origin{Pod: "pod", RunUID: run.GetUID(), Labels: run.GetLabels()}, digest.String(), size, &packed)
	require.NoError(t, err)
	return key
}

// small is an output that a Work holds.
var small = map[string]string{"output/a.yaml": "a: b"}

// succeed ends a TaskRun.
func (w *world) succeed(t testing.TB, run *unstructured.Unstructured) {
	t.Helper()
	w.edit(t, run, field(map[string]any{
		"completionTime": "2026-01-01T00:00:00Z",
		"conditions":     []any{map[string]any{"type": "Succeeded", "status": "True", "reason": "Succeeded"}},
	}, "status"))
}

// fail lets the container of a TaskRun end with exit code 1.
func (w *world) fail(t testing.TB, run *unstructured.Unstructured) {
	t.Helper()
	w.edit(t, run, field(map[string]any{
		"podName": "pod", "completionTime": "2026-01-01T00:00:00Z",
		"conditions": []any{map[string]any{"type": "Succeeded", "status": "False", "reason": "Failed"}},
		"steps": []any{map[string]any{
			"name": "main", "container": "step-main", "terminated": map[string]any{"exitCode": int64(1), "reason": "Error"},
		}},
	}, "status"))
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}}
	require.NoError(t, w.api.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: run.GetNamespace(), Name: "pod", Labels: map[string]string{"tekton.dev/taskRun": run.GetName()}},
		Status:     corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{{Name: "step-main", State: ended}}},
	}))
}

// logged are the logs of all containers, read through this function.
func (w *world) logged(t testing.TB, read func() (io.ReadCloser, error)) {
	t.Helper()
	logs := func(context.Context, string, string, string, int64) (io.ReadCloser, error) { return read() }
	for i, e := range backends.Engines() {
		w.Engines[i] = engine.New(e, backends.Defaults(), w.Client, indexed{}, w.api, logs)
	}
}

// complete brings a request to the end of its workflow.
func (w *world) complete(t testing.TB, name string) {
	t.Helper()
	w.step(t, "a", name)
	for range 2 {
		w.harvest(t, w.run(t, "a", "a", name), small)
		w.step(t, "a", name)
	}
	_, more := w.workflow(t, "a", name).Current()
	require.False(t, more)
}
