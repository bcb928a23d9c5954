// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

// TestEvents of a Job, of its run and of the Pod of that lead to the same key, and others to none.
func TestEvents(t *testing.T) {
	j := taken(t, "tekton")
	w := newWorld(t, slots.Limits{}, j)
	wired := &wiring{engines: w.Engines}
	want := []key{client.ObjectKeyFromObject(j)}
	assert.Equal(t, want, toJob(t.Context(), j))
	assert.Empty(t, toJob(t.Context(), taken(t, "tekton", func(j *batchv1.Job) { j.Spec.ManagedBy = nil })), "Kubernetes runs it")

	run := some(w.Engines[0].GroupVersionKind())
	run.SetNamespace(j.Namespace)
	run.SetName(j.Name)
	run.SetLabels(j.Spec.Template.Labels)
	assert.Empty(t, runToJob(t.Context(), run), "it is of nobody")
	run.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: j.Name, UID: j.UID, Controller: new(true)}})
	assert.Equal(t, want, runToJob(t.Context(), run))

	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: j.Namespace, Name: "pod", Labels: j.Spec.Template.Labels}}
	pod.OwnerReferences = run.GetOwnerReferences()
	assert.Empty(t, wired.podToJob(t.Context(), pod), "Kubernetes has made it for a Job")
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: run.GetAPIVersion(), Kind: run.GetKind(), Name: run.GetName(), Controller: new(true)}}
	assert.Equal(t, want, wired.podToJob(t.Context(), pod))
}

// TestRetries: when what was wrong is mended, a Job runs a minute later, as Kubernetes would run it.
func TestRetries(t *testing.T) {
	r := retries()
	var last time.Duration
	for range 100 {
		last = r.When(key{Namespace: "shop", Name: "one"})
	}
	assert.Equal(t, time.Minute, last)
}

// TestSetup adds all that there is to a manager; no cluster is asked.
func TestSetup(t *testing.T) {
	mapper := meta.NewDefaultRESTMapper(nil)
	for kind := range kubescheme.Scheme.AllKnownTypes() {
		mapper.Add(kind, meta.RESTScopeNamespace)
	}
	mgr, err := ctrl.NewManager(&rest.Config{Host: "http://192.0.2.1"}, ctrl.Options{
		Metrics:        server.Options{BindAddress: "0"},
		MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return mapper, nil },
	})
	require.NoError(t, err)
	c := &Controller{Client: mgr.GetClient(), Live: mgr.GetAPIReader()}
	require.NoError(t, Setup(mgr, c, 1, slots.Limits{}))
	assert.NotNil(t, c.Slots)
}
