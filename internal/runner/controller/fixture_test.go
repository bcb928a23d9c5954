// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// things is a Promise that is available. It offers Things, for each of which the
// Pipelines one and two run.
const things = `
apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: things, uid: promise-uid, generation: 1}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: things.example.org}
    spec:
      group: example.org
      scope: Namespaced
      names: {kind: Thing, plural: things, singular: thing}
      versions:
        - name: v1
          served: true
          storage: true
          schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}}}
  workflows:
    promise: {}
    resource: {}
status:
  observedGeneration: 1
  conditions: [{type: Available, status: "True", reason: PromiseAvailable, message: available, lastTransitionTime: "2026-01-01T00:00:00Z"}]
`

const crdName = "things.example.org"

var (
	thingKind    = schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Thing"}
	taskRunKind  = schema.GroupVersionKind{Group: "tekton.dev", Version: "v1", Kind: "TaskRun"}
	workflowKind = schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Workflow"}
)

// change makes another object of a fixture.
type change func(t testing.TB, u *unstructured.Unstructured)

// promise is things, with the changes.
func promise(t testing.TB, changes ...change) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(things), &u.Object))
	return changed(t, u, append([]change{pipelines("resource", "configure", "one", "two")}, changes...))
}

// thing is a request. Its UID is made of its namespace and name.
func thing(t testing.TB, namespace, name string, changes ...change) *unstructured.Unstructured {
	t.Helper()
	u := some(thingKind)
	u.SetNamespace(namespace)
	u.SetName(name)
	u.SetUID(types.UID("uid-" + namespace + "-" + name))
	u.SetGeneration(1)
	u.Object["spec"] = map[string]any{"size": "small"}
	return changed(t, u, changes)
}

func changed(t testing.TB, u *unstructured.Unstructured, changes []change) *unstructured.Unstructured {
	t.Helper()
	for _, c := range changes {
		c(t, u)
	}
	return u
}

// field sets a value.
func field(value any, path ...string) change {
	return func(t testing.TB, u *unstructured.Unstructured) {
		t.Helper()
		require.NoError(t, unstructured.SetNestedField(u.Object, value, path...))
	}
}

// pipelines are those of one workflow of a Promise.
func pipelines(of, action string, named ...string) change {
	var list []any
	for _, name := range named {
		list = append(list, map[string]any{
			"apiVersion": v1alpha1.APIVersion, "kind": "Pipeline", "metadata": map[string]any{"name": name},
			"spec": map[string]any{"containers": []any{map[string]any{"name": "main", "image": "busybox", "command": []any{"true"}}}},
		})
	}
	return field(list, "spec", "workflows", of, action)
}

// runsIn lets the Pipelines of all requests run in one namespace.
func runsIn(namespace string) change {
	return field(namespace, "spec", "workflows", "config", "pipelineNamespace")
}

// named is another object, of this name and UID.
func named(name string, uid types.UID) change {
	return func(_ testing.TB, u *unstructured.Unstructured) {
		u.SetName(name)
		u.SetUID(uid)
	}
}

func annotated(key, value string) change {
	return func(_ testing.TB, u *unstructured.Unstructured) { u.SetAnnotations(map[string]string{key: value}) }
}

func finalized(finalizers ...string) change {
	return func(_ testing.TB, u *unstructured.Unstructured) { u.SetFinalizers(finalizers) }
}

// deleting is an object that somebody has deleted and that finalizers keep.
func deleting(finalizers ...string) change {
	return func(_ testing.TB, u *unstructured.Unstructured) {
		u.SetFinalizers(finalizers)
		u.SetDeletionTimestamp(new(metav1.Now()))
	}
}

// miswritten is a workflow that does not compile.
func miswritten(of, action string) change {
	return func(t testing.TB, u *unstructured.Unstructured) {
		t.Helper()
		list, ok, err := unstructured.NestedSlice(u.Object, "spec", "workflows", of, action)
		require.True(t, ok)
		require.NoError(t, err)
		list[0].(map[string]any)["kind"] = "Pipelin"
		require.NoError(t, unstructured.SetNestedSlice(u.Object, list, "spec", "workflows", of, action))
	}
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// served is the CustomResourceDefinition of things as the API server serves it.
func served() *apiextensionsv1.CustomResourceDefinition {
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: crdName, Labels: map[string]string{v1alpha1.LabelPromise: "things"}},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group:    thingKind.Group,
			Names:    apiextensionsv1.CustomResourceDefinitionNames{Kind: thingKind.Kind, Plural: "things"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{Name: thingKind.Version, Served: true, Storage: true}},
		},
		Status: apiextensionsv1.CustomResourceDefinitionStatus{Conditions: []apiextensionsv1.CustomResourceDefinitionCondition{
			{Type: apiextensionsv1.Established, Status: apiextensionsv1.ConditionTrue},
		}},
	}
}
