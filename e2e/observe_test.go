// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/backends/state"
)

// observe looks at a run and its Pods until it has become what the caller waits for.
func (e engine) observe(t *testing.T, run *unstructured.Unstructured, done func(state.State) bool) (s state.State, last *unstructured.Unstructured) {
	t.Helper()
	resource, err := shared.Resource(run)
	require.NoError(t, err)
	var pods []corev1.Pod
	err = wait.PollUntilContextTimeout(t.Context(), 300*time.Millisecond, limit, true, func(ctx context.Context) (bool, error) {
		if last, err = resource.Get(ctx, run.GetName(), metav1.GetOptions{}); err != nil {
			return false, err
		}
		selector := labels.Set(e.PodLabels(run)).String()
		list, err := shared.Typed.CoreV1().Pods(run.GetNamespace()).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return false, err
		}
		pods = list.Items
		s = e.Observer.Observe(last, pods)
		return done(s), nil
	})
	require.NoError(t, err, "%s: %s\n%s", s.Phase, s.Message(), describe(last))
	keepRecord(t, e.name, last, pods)
	return s, last
}

func podLogs(ctx context.Context, namespace, pod, container string, lines int64) (io.ReadCloser, error) {
	options := &corev1.PodLogOptions{Container: container, TailLines: &lines}
	return shared.Typed.CoreV1().Pods(namespace).GetLogs(pod, options).Stream(ctx)
}

var recording = flag.Bool("record", false, "rewrite the recorded runs, which the unit tests of the backends observe")

// keepRecord keeps what Observe reads of a run and its Pods.
func keepRecord(t *testing.T, engine string, run *unstructured.Unstructured, pods []corev1.Pod) {
	t.Helper()
	if !*recording {
		return
	}
	objects := []any{trim(run.Object, unread)}
	for i := range pods {
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&pods[i])
		require.NoError(t, err)
		delete(object, "spec")
		objects = append(objects, trim(object, unread))
	}
	var stream []byte
	for _, object := range objects {
		data, err := yaml.Marshal(object)
		require.NoError(t, err)
		stream = fmt.Appendf(stream, "---\n%s", data)
	}
	dir := filepath.Join("..", "backends", "testdata", "runs", filepath.Base(filepath.Dir(t.Name())))
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, engine+".yaml"), stream, 0o644))
}

// unread are fields that no backend reads, and that are long.
var unread = []string{
	"managedFields", "ownerReferences", "resources", "computeResources", "env", "volumes", "volumeMounts", "securityContext", "tolerations",
	"args", "image", "imageID", "containerID", "provenance", "allocatedResources", "resourcesDuration", "user", "storedTemplates", "uid",
}

// trim copies a value without them.
func trim(value any, unread []string) any {
	switch value := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, child := range value {
			switch {
			case slices.Contains(unread, key):
			case key == "status": // Tekton repeats the spec there
				out[key] = trim(child, append(slices.Clip(unread), "taskSpec"))
			default:
				out[key] = trim(child, unread)
			}
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, child := range value {
			out[i] = trim(child, unread)
		}
		return out
	default:
		return value
	}
}
