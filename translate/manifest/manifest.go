// SPDX-License-Identifier: Apache-2.0

// Package manifest has Kubernetes objects as the API server gets them, and prints them. New
// makes one from a typed object and drops what Go's JSON adds and no user wrote: nulls, an
// empty status, empty resources.
package manifest

import (
	"fmt"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Object is one Kubernetes object.
type Object = unstructured.Unstructured

// New converts a typed object, which must have its kind and apiVersion set.
// It fails only for objects that have no JSON.
func New(typed runtime.Object) (Object, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return Object{}, fmt.Errorf("bug: %T: %w", typed, err)
	}
	prune(fields)
	return Object{Object: fields}, nil
}

// Compared is the part of an object that makes it the same as another one. Labels do not count if
// it belongs to no namespace: the runs of a Pipeline share its ClusterRoles, and each run would
// have its own namespace in a label.
func Compared(o Object) Object {
	if o.GetNamespace() != "" {
		return o
	}
	o = *o.DeepCopy()
	o.SetLabels(nil)
	return o
}

// Distinct leaves out objects that are the same as an earlier one. Workflows and Pipelines may
// share a service account and its roles.
func Distinct(objects []Object) []Object {
	type name struct{ kind, namespace, name string }
	seen := map[name][]Object{}
	var out []Object
	for _, o := range objects {
		key, compared := name{o.GetKind(), o.GetNamespace(), o.GetName()}, Compared(o)
		same := func(other Object) bool { return reflect.DeepEqual(compared.Object, other.Object) }
		if !slices.ContainsFunc(seen[key], same) {
			seen[key] = append(seen[key], compared)
			out = append(out, o)
		}
	}
	return out
}

// noise are keys under which an empty object has no meaning, in any kind that we write. Under
// other keys, such as emptyDir, an empty object has a meaning and stays.
var noise = map[string]bool{
	"status": true, "resources": true, "computeResources": true, "metadata": true,
	"inputs": true, "outputs": true, "arguments": true, "spec": true,
}

func prune(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, child := range v {
			prune(child)
			empty, isMap := child.(map[string]any)
			if child == nil || isMap && len(empty) == 0 && noise[k] {
				delete(v, k)
			}
		}
	case []any:
		for _, child := range v {
			prune(child)
		}
	}
}
