// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// A cancellation is a way to stop a run.
type cancellation struct {
	engine engine
	patch  string
	reason string // that the run has then, or a part of its message
}

var cancellations = map[string]cancellation{
	"tekton":         {engines[0], `{"spec": {"status": "TaskRunCancelled"}}`, "TaskRunCancelled"},
	"argo-terminate": {engines[1], `{"spec": {"shutdown": "Terminate"}}`, "Stopped with strategy 'Terminate'"},
	"argo-stop":      {engines[1], `{"spec": {"shutdown": "Stop"}}`, "Stopped with strategy 'Stop'"},
}

// cancelled are the containers in their order. The pipe is where the harvest looks for a
// third file, and holds it up.
var cancelled = []string{"first", "second", "pipe", harvestContainer}

// A moment is when a run is cancelled.
type moment struct {
	spec string          // of the Pipeline
	busy string          // the container that is at work then, none before the first
	kept map[string]bool // whether the engine leaves the Pod
}

func cancelledSpec(first, second, volumes string) string {
	return fmt.Sprintf(`
jobOptions: {backoffLimit: 1}
containers:
  - {name: first, image: IMAGE, command: [probe], %s}
  - {name: second, image: IMAGE, command: [probe], %s}
  - {name: pipe, image: 'REGISTRY/busybox:e2e', command: [sh, -c, 'echo wrote && mkfifo /kratix/output/2.json']}
volumes: [%s]
`, first, second, volumes)
}

const sleeps = "env: [{name: PROBE, value: sleep=600}]"

// Argo deletes a Pod that is still at its init containers, as all of the user's are.
var moments = map[string]moment{
	"starting": {
		spec: cancelledSpec("volumeMounts: [{name: late, mountPath: /late}]", "", "{name: late, secret: {secretName: late}}"),
		kept: map[string]bool{"tekton": true, "argo": false},
	},
	"first":   {spec: cancelledSpec(sleeps, "", ""), busy: "first", kept: map[string]bool{"tekton": true, "argo": false}},
	"second":  {spec: cancelledSpec("", sleeps, ""), busy: "second", kept: map[string]bool{"tekton": true, "argo": false}},
	"harvest": {spec: cancelledSpec("", "", ""), busy: harvestContainer, kept: map[string]bool{"tekton": true, "argo": true}},
}

// TestCancel demands that a cancelled run ends, is never tried again, and that no
// container of the Pipeline starts any more, the harvest included.
func TestCancel(t *testing.T) {
	for when, m := range moments {
		for how, by := range cancellations {
			t.Run(when+"/"+how, func(t *testing.T) {
				t.Parallel()
				e := by.engine
				c := newCase(t, "cancel", onePipeline(m.spec), nil)
				objects := c.compile(t, e.name)
				run := e.theRun(t, objects)
				require.NoError(t, shared.Create(t.Context(), objects...))
				pods := e.watchPods(t, run)
				m.await(t, e, run, pods)
				by.cancel(t, run)
				if m.busy == "" { // what held it up is over, and it could start
					late := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "late"}}
					_, err := shared.Typed.CoreV1().Secrets(c.namespace).Create(t.Context(), late, metav1.CreateOptions{})
					require.NoError(t, err)
				}
				pods.until(t, "the end", pods.settled)
				m.check(t, e, pods)
			})
		}
	}
}

// await returns at the moment. That a run is cancelled between the creation of its Pod and the
// note of it in the TaskRun is not among them: Tekton then forgets the Pod (docs/engines.md).
func (m moment) await(t *testing.T, e engine, run *unstructured.Unstructured, pods *podWatch) {
	t.Helper()
	if m.busy != "" {
		e.untilLog(t, pods, m.busy, said(m.busy))
		return
	}
	pods.until(t, "a Pod on a node", func() bool { return len(pods.pods) > 0 && pods.newest().Spec.NodeName != "" })
	if e.name == "tekton" {
		_, err := shared.Await(bounded(t), run, func(o *unstructured.Unstructured) (bool, error) {
			name, _, err := unstructured.NestedString(o.Object, "status", "podName")
			return name != "", err
		})
		require.NoError(t, err)
	}
}

// cancel returns when the run has ended. It cancels as the runner does, again and again: Argo
// overlooks what comes while it writes the Workflow itself.
func (by cancellation) cancel(t *testing.T, run *unstructured.Unstructured) {
	t.Helper()
	runs, err := shared.Resource(run)
	require.NoError(t, err)
	_, err = runs.Patch(bounded(t), run.GetName(), types.MergePatchType, []byte(by.patch), metav1.PatchOptions{})
	require.NoError(t, err)
	ctx, ended := context.WithCancel(bounded(t))
	defer ended()
	go func() {
		for tick := time.Tick(15 * time.Second); ; {
			select {
			case <-ctx.Done():
				return
			case now := <-tick:
				again := fmt.Sprintf(`{"metadata":{"annotations":{"cancelled":%q}}}`, now)
				_, _ = runs.Patch(ctx, run.GetName(), types.MergePatchType, []byte(again), metav1.PatchOptions{}) // or it has just gone
			}
		}
	}()
	end := by.engine.awaitEnd(t, run)
	_, succeeded := by.engine.end(end)
	assert.False(t, succeeded)
	assert.Contains(t, describe(end), by.reason)
}

func (m moment) check(t *testing.T, e engine, pods *podWatch) {
	t.Helper()
	require.Len(t, pods.pods, 1, "attempts")
	pod := pods.newest()
	kept := !pods.gone[pod.Name]
	assert.Equal(t, m.kept[e.name], kept, "the Pod was kept")
	assert.Equal(t, corev1.PodFailed, pod.Status.Phase)
	if m.busy != "" && kept {
		assert.Contains(t, logs(t, pod, e.container(m.busy)), said(m.busy), "the log of what was interrupted")
	}
	for _, container := range m.later(e) {
		if kept {
			assert.NotContains(t, logs(t, pod, e.container(container)), said(container), "%s ran", container)
		} else {
			assert.False(t, pods.started[container], "%s started", container)
		}
	}
}

// later are the containers that must not run any more. Tekton's program in the first step
// starts it and looks at the same time whether it should.
func (m moment) later(e engine) []string {
	if m.busy == "" && e.name == "argo" {
		return cancelled
	}
	return cancelled[max(0, slices.Index(cancelled, m.busy))+1:]
}

// said is in the log of a container that has run.
func said(container string) string {
	if container == harvestContainer {
		return `"Name":"0.json"`
	}
	return "wrote"
}

// TestCancelWithoutPod demands that a run which never got a Pod gets none when it is
// cancelled, also when it could.
func TestCancelWithoutPod(t *testing.T) {
	for how, by := range cancellations {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			e := by.engine
			c := newCase(t, "cancel", onePipeline("containers: [{name: first, image: IMAGE, command: [probe]}]"), nil)
			quotas := shared.Typed.CoreV1().ResourceQuotas(c.namespace)
			_, err := quotas.Create(t.Context(), &corev1.ResourceQuota{
				ObjectMeta: metav1.ObjectMeta{Name: "none"},
				Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}},
			}, metav1.CreateOptions{})
			require.NoError(t, err)
			objects := c.compile(t, e.name)
			run := e.theRun(t, objects)
			require.NoError(t, shared.Create(t.Context(), objects...))
			await(t, run, func(run *unstructured.Unstructured) bool { return strings.Contains(describe(run), "exceeded quota") })
			by.cancel(t, run)

			require.NoError(t, quotas.Delete(t.Context(), "none", metav1.DeleteOptions{}))
			other := e.theRun(t, c.compile(t, e.name))
			other.SetName("other")
			e.succeed(t, []*unstructured.Unstructured{other})
			assert.Empty(t, e.pods(t, run))
		})
	}
}
