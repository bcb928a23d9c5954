// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/sight"
)

// sights are what the containers saw, in their order, by the job that they did.
type sights map[string][]*sight.Sight

// jobOf is the job that a Pod does, be it an engine's or a plain one.
func jobOf(pod *corev1.Pod) string { return sight.Job(pod.Namespace, pod.Labels) }

// watch runs what was printed and reads what the containers saw. Runs that failed are described.
func (e engine) watch(t *testing.T, objects []*unstructured.Unstructured) (seen sights, failed []string) {
	t.Helper()
	seen = sights{}
	for _, run := range e.run(t, objects) {
		if _, ok := e.end(run); !ok {
			failed = append(failed, fmt.Sprintf("%s %s did not succeed:\n%s", e.kind, run.GetName(), describe(run)))
			continue
		}
		for _, pod := range e.pods(t, run) {
			seen[jobOf(&pod)] = harvested(t, &pod, e.harvest)
		}
	}
	return seen, failed
}

// succeed is watch for runs that must not fail.
func (e engine) succeed(t *testing.T, objects []*unstructured.Unstructured) sights {
	t.Helper()
	seen, failed := e.watch(t, objects)
	require.Empty(t, failed)
	return seen
}

// start creates Pods without any engine and does not wait for them.
func start(t *testing.T, pods []*corev1.Pod) {
	t.Helper()
	for _, pod := range pods {
		_, err := shared.Typed.CoreV1().Pods(pod.Namespace).Create(t.Context(), pod, metav1.CreateOptions{})
		require.NoError(t, err)
	}
}

// finish waits for plain Pods and reads what their containers saw.
func finish(t *testing.T, pods []*corev1.Pod) sights {
	t.Helper()
	seen := sights{}
	for _, pod := range pods {
		end := ended(t, pod)
		one := harvested(t, pod, plainHarvest)
		require.Len(t, one, len(pod.Spec.InitContainers)-1, "containers of %s that wrote down what they saw:\n%s", jobOf(pod), describe(end))
		require.NotContains(t, seen, jobOf(pod), "two Pods do the same job")
		seen[jobOf(pod)] = one
	}
	return seen
}

// ended waits for the end of a Pod.
func ended(t *testing.T, pod *corev1.Pod) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	object.SetAPIVersion("v1")
	object.SetKind("Pod")
	object.SetName(pod.Name)
	object.SetNamespace(pod.Namespace)
	end, err := shared.Await(bounded(t), object, func(pod *unstructured.Unstructured) (bool, error) {
		phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
		return phase == "Succeeded" || phase == "Failed", nil
	})
	require.NoError(t, err, "%s", describe(end))
	return end
}

// harvested reads the files that the harvest printed.
func harvested(t *testing.T, pod *corev1.Pod, container string) []*sight.Sight {
	t.Helper()
	log, err := shared.Typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: container}).DoRaw(bounded(t))
	require.NoError(t, err)
	var seen []*sight.Sight
	lines := bufio.NewScanner(bytes.NewReader(log))
	lines.Buffer(nil, len(log)+1)
	for lines.Scan() {
		var file struct{ Name, Content string }
		if json.Unmarshal(lines.Bytes(), &file) != nil || file.Name == "" {
			continue // engines may log, too
		}
		require.Equal(t, fmt.Sprintf("%d.json", len(seen)), file.Name)
		one := &sight.Sight{}
		require.NoError(t, json.Unmarshal([]byte(file.Content), one))
		one.Pod = pod.Name
		seen = append(seen, one)
	}
	return seen
}
