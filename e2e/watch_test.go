// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// harvestContainer is what tests call the last container, whatever the engine does.
const harvestContainer = "harvest"

// A podWatch remembers a run's Pods, also when they are gone.
type podWatch struct {
	engine  engine
	events  <-chan watch.Event
	pods    map[string]*corev1.Pod // as they were last seen
	gone    map[string]bool
	started map[string]bool // containers of any of the Pods, by the user's names
}

func (e engine) watchPods(t *testing.T, run *unstructured.Unstructured) *podWatch {
	t.Helper()
	watcher, err := shared.Typed.CoreV1().Pods(run.GetNamespace()).Watch(bounded(t), metav1.ListOptions{LabelSelector: e.label + "=" + run.GetName()})
	require.NoError(t, err)
	t.Cleanup(watcher.Stop)
	return &podWatch{engine: e, events: watcher.ResultChan(), pods: map[string]*corev1.Pod{}, gone: map[string]bool{}, started: map[string]bool{}}
}

// until reads on until the caller has seen enough.
func (w *podWatch) until(t *testing.T, what string, enough func() bool) {
	t.Helper()
	for !enough() {
		event, open := <-w.events
		require.True(t, open, "%s was never seen; the Pods are %v", what, w.pods)
		pod, ok := event.Object.(*corev1.Pod)
		require.True(t, ok, "%v", event.Object)
		w.pods[pod.Name], w.gone[pod.Name] = pod, event.Type == watch.Deleted
		for _, status := range statuses(pod) {
			if status.State.Running != nil || status.State.Terminated != nil && status.State.Terminated.ContainerID != "" {
				w.started[w.engine.plain(status.Name)] = true
			}
		}
	}
}

// newest is the Pod of the last attempt.
func (w *podWatch) newest() *corev1.Pod {
	var newest *corev1.Pod
	for _, pod := range w.pods {
		if newest == nil || newest.CreationTimestamp.Before(&pod.CreationTimestamp) {
			newest = pod
		}
	}
	return newest
}

// untilLog waits until a container has said something, which tells more than its state:
// Tekton's steps are all running from the start.
func (e engine) untilLog(t *testing.T, w *podWatch, container, text string) {
	t.Helper()
	w.until(t, "a start of "+container, func() bool { return w.started[container] })
	pod := w.newest()
	log, err := shared.Typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{
		Container: e.container(container), Follow: true,
	}).Stream(bounded(t))
	require.NoError(t, err)
	defer func() { _ = log.Close() }()
	lines := bufio.NewReader(log)
	for {
		line, err := lines.ReadString('\n')
		if strings.Contains(line, text) {
			return
		}
		require.NoError(t, err, "%s never said %q", container, text)
	}
}

// container is what one is called in the Pod.
func (e engine) container(name string) string {
	switch {
	case name == harvestContainer:
		return e.harvest
	case e.name == "tekton":
		return "step-" + name
	}
	return name
}

// settled is when the Pods that are left do nothing any more, and will stay.
func (w *podWatch) settled() bool {
	for name, pod := range w.pods {
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if !w.gone[name] && (!ended || pod.DeletionTimestamp != nil) {
			return false
		}
	}
	return len(w.pods) > 0
}

// plain is the other way round.
func (e engine) plain(container string) string {
	if container == e.harvest {
		return harvestContainer
	}
	if e.name == "tekton" {
		return strings.TrimPrefix(container, "step-")
	}
	return container
}

// statuses are those of all containers, in the order in which they run.
func statuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}

// logs are those of a container, and empty if it never had any.
func logs(t *testing.T, pod *corev1.Pod, container string) string {
	t.Helper()
	log, err := shared.Typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: container}).DoRaw(bounded(t))
	if err != nil {
		return ""
	}
	return string(log)
}
