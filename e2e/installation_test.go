// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/deployed"
)

// installation is a runner in Pods, and the example that it serves.
type installation struct {
	*administrator
	way        way
	repository repository
	bucket     *minio.Client
	outlet     []*unstructured.Unstructured
	promise    *unstructured.Unstructured
	request    *unstructured.Unstructured
}

// install waits until both replicas are there, and the API server can ask them.
func (in *installation) install(t *testing.T) {
	t.Helper()
	in.way.install(t, in.administrator)
	t.Cleanup(func() {
		if t.Failed() {
			in.log(t)
		}
	})
	in.awaitRollout(t)
	_, err := shared.Await(bounded(t), named("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", "kratix-runner"), func(o *unstructured.Unstructured) (bool, error) {
		hooks, _, _ := unstructured.NestedSlice(o.Object, "webhooks")
		ca, _, _ := unstructured.NestedString(hooks[0].(map[string]any), "clientConfig", "caBundle")
		return ca != "", nil
	})
	require.NoError(t, err)
}

func (in *installation) awaitRollout(t *testing.T) {
	t.Helper()
	o, err := shared.Await(bounded(t), deployment(), rolledOut)
	require.NoError(t, err, "%s", describe(o))
}

func rolledOut(o *unstructured.Unstructured) (bool, error) {
	count := func(field string) int64 {
		n, _, _ := unstructured.NestedInt64(o.Object, "status", field)
		return n
	}
	return count("observedGeneration") == o.GetGeneration() && count("updatedReplicas") == 2 && count("availableReplicas") == 2 && count("replicas") == 2, nil
}

// refuses a Promise with a mistake, because the API server asks a replica.
func (in *installation) refuses(t *testing.T) {
	t.Helper()
	promise := in.example(t, "promise.yaml")
	require.NoError(t, unstructured.SetNestedField(promise.Object, "", "spec", "api", "spec", "names", "kind"))
	var answer error
	require.Eventually(t, func() bool { // the API server hears of a new CA a moment after the replicas are there
		answer = shared.Create(t.Context(), promise)
		return answer == nil || !strings.Contains(answer.Error(), "failed calling webhook")
	}, limit, 200*time.Millisecond, "the API server cannot ask: %v", answer)
	require.ErrorContains(t, answer, "spec.api.spec.names.kind is missing")
}

func (in *installation) example(t *testing.T, file string) *unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../examples/website", file))
	require.NoError(t, err)
	objects, err := cluster.Objects(data)
	require.NoError(t, err)
	return objects[0]
}

// serve has the Promise and the request in State Stores.
func (in *installation) serve(t *testing.T) {
	t.Helper()
	in.promise, in.request = in.example(t, "promise.yaml"), in.example(t, "request.yaml")
	require.NoError(t, shared.Create(t.Context(), in.promise))
	in.await(t, in.promise, "Available")
	require.NoError(t, shared.Create(t.Context(), in.request))
	in.await(t, in.request, "Reconciled")
	in.await(t, in.promise, "Reconciled")
	var announced int
	for _, files := range []map[string]string{in.inGit(t), in.inBucket(t)} {
		assert.Contains(t, strings.Join(slices.Collect(maps.Values(files)), ""), "kind: ResourceQuota", "a Promise's files are everywhere")
		for file := range files {
			if strings.HasSuffix(file, "announcement.txt") {
				announced++
			}
		}
	}
	assert.Equal(t, 1, announced, "a request's are at one Destination")
}

func (in *installation) await(t *testing.T, o *unstructured.Unstructured, kind string) *unstructured.Unstructured {
	t.Helper()
	seen, err := shared.Await(bounded(t), o, func(o *unstructured.Unstructured) (bool, error) {
		return conditionOf(o, kind) == "True" && completed(o), nil
	})
	require.NoError(t, err, "%s", describe(seen))
	return seen
}

func (in *installation) there(t *testing.T, o *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	seen, err := get(o)
	require.NoError(t, err)
	return seen
}

// drop deletes an object and waits until it is gone.
func (in *installation) drop(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	remove(t, o)
	resource, err := shared.Resource(o)
	require.NoError(t, err)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := resource.Get(bounded(t), o.GetName(), metav1.GetOptions{})
		assert.True(c, apierrors.IsNotFound(err), "%s %s is still there", o.GetKind(), o.GetName())
	}, limit, 200*time.Millisecond)
}

// runs are all of the engine, with their UIDs.
func (in *installation) runs(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, run := range runsOf(t, in.engine, "website") {
		found = append(found, run.GetName()+" "+string(run.GetUID()))
	}
	slices.Sort(found)
	require.NotEmpty(t, found)
	return found
}

// log shows what both replicas have to say.
func (in *installation) log(t *testing.T) {
	pods, err := shared.Typed.CoreV1().Pods(deployed.Namespace).List(bounded(t), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=kratix-runner"})
	if err != nil {
		t.Log(err)
		return
	}
	for _, pod := range pods.Items {
		end, err := shared.Typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{TailLines: new(int64(30))}).DoRaw(bounded(t))
		t.Logf("%s %s: %v\n%s", pod.Name, pod.Status.Phase, err, end)
	}
}

func named(apiVersion, kind, namespace, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion(apiVersion)
	o.SetKind(kind)
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}

func deployment() *unstructured.Unstructured {
	return named("apps/v1", "Deployment", deployed.Namespace, "kratix-runner")
}

func change(t *testing.T, o *unstructured.Unstructured, patch string) {
	t.Helper()
	resource, err := shared.Resource(o)
	require.NoError(t, err)
	_, err = resource.Patch(t.Context(), o.GetName(), types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	require.NoError(t, err)
}

func (g *gates) await(t *testing.T, name string) {
	t.Helper()
	require.Eventually(t, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.visited[name]
	}, limit, 100*time.Millisecond, "no run asks for "+name)
}
