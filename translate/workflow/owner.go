// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"cmp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// Owner is the Promise or the request that a workflow runs for
// (docs/kratix-contract.md 3.2, 3.3 and 5.2). Without In it has no Namespace, and
// its labels find its runs, harvests and Works in all namespaces: a Promise may
// choose another one at any time.
type Owner struct {
	// UID is the object's.
	UID     types.UID
	Promise string
	// Resource is the request; the zero value is the Promise itself.
	Resource types.NamespacedName
	// Namespace is where the Pipelines run, and so where the Works are.
	Namespace string
	// Shared is set when Namespace is the Promise's pipelineNamespace, where
	// requests of all namespaces meet.
	Shared bool
}

// In is the owner when its Promise has this pipelineNamespace, which may be
// empty. Workflows of a Promise run in the system namespace otherwise.
func (o Owner) In(pipelineNamespace, system string) Owner {
	o.Namespace, o.Shared = cmp.Or(pipelineNamespace, o.Resource.Namespace, system), pipelineNamespace != ""
	return o
}

// OwnerOf is the owner that the labels of a thing name, without its UID and its Namespace. If no
// label names the namespace of the request, it is that of the thing.
func OwnerOf(labels map[string]string, namespace string) Owner {
	o := Owner{Promise: labels[v1alpha1.LabelPromise]}
	if name := labels[v1alpha1.LabelResource]; name != "" {
		o.Resource = types.NamespacedName{Namespace: cmp.Or(labels[v1alpha1.LabelResourceNamespace], namespace), Name: name}
	}
	return o
}

// Owns tells whether a thing with these labels and in this namespace is the
// owner's. It may be in a namespace where the Pipelines ran before.
func (o Owner) Owns(labels map[string]string, namespace string) bool {
	of := cmp.Or(labels[v1alpha1.LabelWorkflowType], labels[v1alpha1.LabelWorkType])
	if labels[v1alpha1.LabelPromise] != o.Promise || of != string(o.Type()) {
		return false
	}
	return o.Type() == Promise || OwnerOf(labels, namespace).Resource == o.Resource
}

// Type is the type of the owner's workflows.
func (o Owner) Type() Type {
	if o.Resource.Name != "" {
		return Resource
	}
	return Promise
}

// RunLabels are on the owner's runs, their Pods and harvests.
func (o Owner) RunLabels() map[string]string { return o.labels(v1alpha1.LabelWorkflowType) }

// WorkLabels are on the owner's Works.
func (o Owner) WorkLabels() map[string]string { return o.labels(v1alpha1.LabelWorkType) }

func (o Owner) labels(of string) map[string]string {
	labels := map[string]string{v1alpha1.LabelPromise: o.Promise, of: string(o.Type())}
	if o.Type() == Resource {
		labels[v1alpha1.LabelResource] = o.Resource.Name
		if o.Shared {
			labels[v1alpha1.LabelResourceNamespace] = o.Resource.Namespace
		}
	}
	return labels
}

// Prefix begins the names of the owner's runs and Works.
func (o Owner) Prefix() string {
	prefix := o.Promise
	if o.Type() == Resource {
		prefix += "-" + o.Resource.Name
		if o.Shared {
			prefix += "-" + o.Resource.Namespace
		}
	}
	return prefix
}

// KindOf is the workflow that the labels of a run name.
func KindOf(labels map[string]string) Kind {
	return Kind{Type: Type(labels[v1alpha1.LabelWorkflowType]), Action: Action(labels[v1alpha1.LabelWorkflowAction])}
}

// Trace are the annotations that join a thing to what caused it.
func Trace(annotations map[string]string) map[string]string {
	trace := map[string]string{}
	for key, value := range annotations {
		if strings.HasPrefix(key, v1alpha1.AnnotationTrace) {
			trace[key] = value
		}
	}
	return trace
}

// PipelineNamespace is where a Promise wants all of its Pipelines to run; empty
// if it does not say.
func PipelineNamespace(promise *unstructured.Unstructured) string {
	name, _, _ := unstructured.NestedString(promise.Object, "spec", "workflows", "config", "pipelineNamespace")
	return name
}

// Offered is the kind of a Promise's requests in the version that is stored, or
// else the first one (docs/kratix-contract.md 1.2); empty if it offers nothing.
func Offered(promise *unstructured.Unstructured) schema.GroupVersionKind {
	field, _, _ := unstructured.NestedFieldNoCopy(promise.Object, "spec", "api", "spec")
	spec, _ := field.(map[string]any)
	offered := schema.GroupVersionKind{}
	offered.Kind, _, _ = unstructured.NestedString(spec, "names", "kind")
	offered.Group, _ = spec["group"].(string)
	versions, _ := spec["versions"].([]any)
	for i, v := range versions {
		version, _ := v.(map[string]any)
		if name, _ := version["name"].(string); i == 0 || version["storage"] == true {
			offered.Version = name
		}
	}
	return offered
}
