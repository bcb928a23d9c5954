// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// cluster is one in memory, with Tekton and with the third engine.
func cluster(t *testing.T) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, kubescheme.AddToScheme(scheme))
	b := fake.NewClientBuilder().WithScheme(scheme)
	for _, e := range []backends.Engine{backends.Engines()[0], third} {
		kind := e.GroupVersionKind()
		scheme.AddKnownTypeWithName(kind, &unstructured.Unstructured{})
		run := &unstructured.Unstructured{}
		run.SetGroupVersionKind(kind)
		kind.Kind += "List"
		scheme.AddKnownTypeWithName(kind, &unstructured.UnstructuredList{})
		b.WithIndex(run, engine.ByObject, engine.OfObject)
	}
	return b.WithIndex(&corev1.Pod{}, engine.ByRun, engine.OfRun).Build()
}

// indexed is a cache that has all indexes from the beginning.
type indexed struct{}

func (indexed) IndexField(context.Context, client.Object, string, client.IndexerFunc) error {
	return nil
}

// tekton reaches the cluster by a client with these functions, and live without them.
func tekton(t *testing.T, api client.WithWatch, live client.Reader, funcs interceptor.Funcs) *engine.Engine {
	t.Helper()
	return engine.New(backends.Engines()[0], backends.Defaults(), interceptor.NewClient(api, funcs), indexed{}, live, nil)
}

// compiled is the run of a Pipeline and what it needs, the run last.
func compiled(t *testing.T, e *engine.Engine) (plan.Run, []manifest.Object) {
	t.Helper()
	opts := plan.Defaults()
	opts.Pipeline, opts.Attempt = "announce", 1
	var planner engine.Planner
	w, err := planner.Plan(website(t, resourceConfigure), opts)
	require.NoError(t, err)
	objects, err := e.Compile(w)
	require.NoError(t, err)
	return w.Runs[0], objects
}

// lagging is a cache that shows no runs until it has caught up.
func lagging(caughtUp *bool) interceptor.Funcs {
	return interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if !*caughtUp {
				return nil
			}
			return c.List(ctx, list, opts...)
		},
	}
}

// counting is a reader that counts what it is asked, and that fails with err.
type counting struct {
	client.Reader
	asked int
	err   error
}

func (c *counting) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	c.asked++
	if c.err != nil {
		return c.err
	}
	return c.Reader.Get(ctx, key, o, opts...)
}

// found are the names of an engine's runs.
func found(t *testing.T, e *engine.Engine, labels map[string]string) []string {
	t.Helper()
	runs, err := e.Runs(t.Context(), labels)
	require.NoError(t, err)
	var names []string
	for i := range runs {
		names = append(names, runs[i].GetName())
	}
	return names
}

func TestRunsBeforeTheCacheKnows(t *testing.T) {
	api, caughtUp := cluster(t), false
	live := &counting{Reader: api}
	e := tekton(t, api, live, lagging(&caughtUp))
	run, objects := compiled(t, e)
	require.NoError(t, e.Submit(t.Context(), objects))
	labels := objects[len(objects)-1].GetLabels()

	assert.Equal(t, []string{run.Name}, found(t, e, labels))
	assert.Empty(t, found(t, e, map[string]string{"kratix.io/promise-name": "other"}))

	caughtUp, live.asked = true, 0
	assert.Equal(t, []string{run.Name}, found(t, e, labels), "once")
	assert.Zero(t, live.asked, "the cache knows it")

	require.NoError(t, e.Delete(t.Context(), run.Namespace, run.Name, objects[len(objects)-1].GetUID()))
	assert.Empty(t, found(t, e, labels))
	assert.Zero(t, live.asked, "it is forgotten")
}

func TestRunGoneBeforeTheCacheKnew(t *testing.T) {
	api, caughtUp := cluster(t), false
	live := &counting{Reader: api}
	e := tekton(t, api, live, lagging(&caughtUp))
	run, objects := compiled(t, e)
	require.NoError(t, e.Submit(t.Context(), objects))
	require.NoError(t, e.Delete(t.Context(), run.Namespace, run.Name, objects[len(objects)-1].GetUID()))

	labels := objects[len(objects)-1].GetLabels()
	assert.Empty(t, found(t, e, labels))
	asked := live.asked
	assert.Empty(t, found(t, e, labels))
	assert.Equal(t, asked, live.asked, "nobody asks twice for what is gone")
}

// TestRunsNeedAnAnswer: a run that may be there must not be taken for one that is not.
func TestRunsNeedAnAnswer(t *testing.T) {
	api, caughtUp := cluster(t), false
	live := &counting{Reader: api}
	e := tekton(t, api, live, lagging(&caughtUp))
	_, objects := compiled(t, e)
	require.NoError(t, e.Submit(t.Context(), objects))
	live.err = errors.New("the API server is away")
	_, err := e.Runs(t.Context(), objects[len(objects)-1].GetLabels())
	assert.ErrorIs(t, err, live.err)
}

// TestObserveKnowsTheTime: a run that nobody takes causes no event, and so its age is asked for.
func TestObserveKnowsTheTime(t *testing.T) {
	api := cluster(t)
	pods := interceptor.Funcs{List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error { return nil }}
	e := tekton(t, api, api, pods)
	run := &unstructured.Unstructured{}
	run.SetGroupVersionKind(e.GroupVersionKind())
	run.SetCreationTimestamp(metav1.Now())
	s, err := e.Observe(t.Context(), run)
	require.NoError(t, err)
	assert.Nil(t, s.Failure)

	run.SetCreationTimestamp(metav1.NewTime(time.Now().Add(-time.Hour)))
	s, err = e.Observe(t.Context(), run)
	require.NoError(t, err)
	require.NotNil(t, s.Failure)
	assert.Equal(t, state.NotTaken, s.Failure.Reason)
}

// TestObserveBeforeTheCacheKnowsTheEnd: without the end of the Pod nobody knows which step failed,
// and so which log to read.
func TestObserveBeforeTheCacheKnowsTheEnd(t *testing.T) {
	cached, api := cluster(t), cluster(t)
	e := tekton(t, cached, api, interceptor.Funcs{})
	run := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"taskSpec": map[string]any{"steps": []any{map[string]any{"name": "write"}}}},
		"status": map[string]any{
			"podName": "pod", "completionTime": "2026-01-02T03:04:05Z",
			"conditions": []any{map[string]any{"type": "Succeeded", "status": "False", "reason": "Failed", "message": "\"step-write\" exited with code 1: Error"}},
		},
	}}
	run.SetGroupVersionKind(e.GroupVersionKind())
	run.SetNamespace("shop")
	run.SetName("run")
	run.SetUID("1")
	pod := func(phase corev1.PodPhase, write corev1.ContainerState) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "shop", Name: "pod", Labels: e.PodLabels(run),
				OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(run, e.GroupVersionKind())},
			},
			Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{{Name: "step-write", State: write}}},
		}
	}
	require.NoError(t, cached.Create(t.Context(), pod(corev1.PodRunning, corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})))
	require.NoError(t, api.Create(t.Context(), pod(corev1.PodFailed, corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}})))

	s, err := e.Observe(t.Context(), run)
	require.NoError(t, err)
	require.NotNil(t, s.Failing())
	assert.Equal(t, "write", s.Failing().Name)
	assert.Equal(t, state.FaultContainer, s.Failure.Fault)
}
