// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

var (
	promises = schema.GroupVersionResource{Group: v1alpha1.Group, Version: v1alpha1.Version, Resource: "promises"}
	works    = schema.GroupVersionResource{Group: v1alpha1.Group, Version: v1alpha1.Version, Resource: "works"}
)

// TestRunner runs workflows with the controller, on one engine after the other: two
// runners must not own one Promise.
func TestRunner(t *testing.T) {
	installed := installRunner(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			r := startRunner(t, installed, e)
			for name, test := range map[string]func(*testing.T, *install){
				"four workflows":    testFourWorkflows,
				"failure and retry": testFailure,
				"suspended":         testSuspended,
				"corrected":         testCorrected,
				"deleting old runs": testOldRuns,
				"published":         testPublished,
				"paused":            testPaused,
				"repeated":          testRepeated,
				"large":             testLarge,
				"secrets":           testSecrets,
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(t, newInstall(t, e, r))
				})
			}
		})
	}
	t.Run("every right is used", func(t *testing.T) { testRights(t, installed) })
}

// installRunner is for one test: none of its runners outlives it.
func installRunner(t *testing.T) *runner.Installation {
	t.Helper()
	tidy(t)
	installed, err := runner.Install(t.Context(), shared, t.TempDir())
	require.NoError(t, err)
	t.Cleanup(installed.KillAll)
	return installed
}

func startRunner(t *testing.T, installed *runner.Installation, e engine, flags ...string) *runner.Runner {
	t.Helper()
	tidy(t)
	r, err := installed.Start(t.Context(), filepath.Join(t.TempDir(), "runner.log"), append(flags, "--engine="+e.name)...)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, r.Stop())
		assert.Empty(t, installed.Denied(), "deploy/rbac is not enough")
		if t.Failed() {
			t.Log(r.LastWords())
		}
	})
	return r
}

// install is a Promise of its own in a namespace of its own, below a running runner.
type install struct {
	engine    engine
	runner    *runner.Runner
	namespace string
	group     string
}

func newInstall(t *testing.T, e engine, r *runner.Runner) *install {
	t.Helper()
	namespace := newNamespace(t, "runner")
	return &install{engine: e, runner: r, namespace: namespace, group: namespace + ".example.org"}
}

// offer applies a Promise and waits until requests are taken.
func (in *install) offer(t *testing.T, promise string) *unstructured.Unstructured {
	t.Helper()
	in.create(t, promise)
	return in.awaitPromise(t, func(o *unstructured.Unstructured) bool { return conditionOf(o, "Available") == "True" })
}

// create applies a Promise, which goes with the test.
func (in *install) create(t *testing.T, promise string) {
	t.Helper()
	require.NoError(t, shared.Create(t.Context(), in.objects(t, promise)...))
	t.Cleanup(func() { in.withdraw(t) })
}

func (in *install) awaitPromise(t *testing.T, done func(*unstructured.Unstructured) bool) *unstructured.Unstructured {
	t.Helper()
	o, err := shared.Await(bounded(t), in.promise(), func(o *unstructured.Unstructured) (bool, error) { return done(o), nil })
	require.NoError(t, err, "%s", describe(o))
	return o
}

func (in *install) objects(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := cluster.Objects([]byte(strings.NewReplacer("PROBE-IMAGE", images["IMAGE"], "PROMISE", in.namespace, "NAMESPACE", in.namespace, "GROUP", in.group, "BUSYBOX", cluster.Registry()+"/busybox:e2e").Replace(text)))
	require.NoError(t, err)
	return objects
}

func (in *install) promise() *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(promises.GroupVersion().WithKind("Promise"))
	o.SetName(in.namespace)
	return o
}

func (in *install) request(namespace, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(schema.GroupVersionKind{Group: in.group, Version: "v1", Kind: "Thing"})
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}

func (in *install) things() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: in.group, Version: "v1", Resource: "things"}
}

func (in *install) ask(t *testing.T, namespace, name, spec string) {
	t.Helper()
	require.NoError(t, shared.Create(t.Context(), in.objects(t, fmt.Sprintf(
		"{apiVersion: GROUP/v1, kind: Thing, metadata: {name: %s, namespace: %s}, spec: {%s}}", name, namespace, spec))...))
}

func (in *install) change(t *testing.T, namespace, name, patch string) {
	t.Helper()
	_, err := shared.Dynamic.Resource(in.things()).Namespace(namespace).Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	require.NoError(t, err)
}

func (in *install) changePromise(t *testing.T, patch string) {
	t.Helper()
	patch = strings.ReplaceAll(patch, "BUSYBOX", cluster.Registry()+"/busybox:e2e")
	_, err := shared.Dynamic.Resource(promises).Patch(t.Context(), in.namespace, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	require.NoError(t, err)
}

func (in *install) await(t *testing.T, namespace, name string, done func(*unstructured.Unstructured) bool) *unstructured.Unstructured {
	t.Helper()
	o, err := shared.Await(bounded(t), in.request(namespace, name), func(o *unstructured.Unstructured) (bool, error) { return done(o), nil })
	require.NoError(t, err, "%s", describe(o))
	return o
}

// withdraw deletes the Promise and waits until nothing is left of it.
func (in *install) withdraw(t *testing.T) {
	t.Helper()
	ctx := bounded(t)
	err := shared.Dynamic.Resource(promises).Delete(ctx, in.namespace, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return
	}
	require.NoError(t, err)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := shared.Dynamic.Resource(promises).Get(ctx, in.namespace, metav1.GetOptions{})
		assert.True(c, apierrors.IsNotFound(err), "the Promise is still there")
	}, limit, 200*time.Millisecond)
	of := metav1.ListOptions{LabelSelector: v1alpha1.LabelPromise + "=" + in.namespace}
	for _, gvr := range []schema.GroupVersionResource{
		works,
		{Version: "v1", Resource: "serviceaccounts"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
		{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"},
	} {
		left, err := shared.Dynamic.Resource(gvr).List(ctx, of)
		require.NoError(t, err)
		assert.Empty(t, left.Items, gvr.Resource)
	}
}

// files are what a Work has, by path.
func (in *install) files(t *testing.T, namespace, name, pipeline string) map[string]string {
	t.Helper()
	selector := fmt.Sprintf("%s=%s,%s=%s,%s=%s", v1alpha1.LabelPromise, in.namespace, v1alpha1.LabelResource, name, v1alpha1.LabelPipeline, pipeline)
	list, err := shared.Dynamic.Resource(works).Namespace(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: selector})
	require.NoError(t, err)
	require.Len(t, list.Items, 1, "Works of %s", pipeline)
	return contents(t, &list.Items[0])
}

func (in *install) runs(t *testing.T, namespace, name string) []string {
	t.Helper()
	list, err := shared.Dynamic.Resource(in.kind()).Namespace(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelResource + "=" + name})
	require.NoError(t, err)
	var names []string
	for _, run := range list.Items {
		names = append(names, run.GetName())
	}
	return names
}

// kind is of the runs.
func (in *install) kind() schema.GroupVersionResource {
	if in.engine.name == "argo" {
		return schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflows"}
	}
	return schema.GroupVersionResource{Group: "tekton.dev", Version: "v1", Resource: "taskruns"}
}

func (in *install) secret(t *testing.T, namespace string) {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "login"}, StringData: map[string]string{"user": "me", "PASSWORD": "hush"}}
	_, err := shared.Typed.CoreV1().Secrets(namespace).Create(t.Context(), secret, metav1.CreateOptions{})
	require.NoError(t, err)
}

func conditionOf(o *unstructured.Unstructured, kind string) string {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if fields, ok := c.(map[string]any); ok && fields["type"] == kind {
			return fmt.Sprint(fields["status"])
		}
	}
	return ""
}

func messageOf(o *unstructured.Unstructured, kind string) string {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if fields, ok := c.(map[string]any); ok && fields["type"] == kind {
			return fmt.Sprint(fields["message"])
		}
	}
	return ""
}

// completed is a workflow that has run for the object's present spec.
func completed(o *unstructured.Unstructured) bool {
	observed, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
	return conditionOf(o, "ConfigureWorkflowCompleted") == "True" && observed == o.GetGeneration()
}

func field(o *unstructured.Unstructured, path ...string) string {
	value, _, _ := unstructured.NestedString(o.Object, path...)
	return value
}
