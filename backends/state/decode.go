// SPDX-License-Identifier: Apache-2.0

package state

import (
	"maps"
	"reflect"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Decode is what a type T has of a run. Fields of a run that have another type are left out:
// the API server and the engine write no others.
func Decode[T any](run *unstructured.Unstructured) T {
	var read T
	_ = runtime.DefaultUnstructuredConverter.FromUnstructured(run.Object, &read)
	return read
}

// Slim takes out of a run's spec and status what a type T does not have. It adds nothing: a tenant
// can write a run with a hundred thousand empty nodes, and each would get all fields of its type.
func Slim[T any](run *unstructured.Unstructured) {
	wanted := fields(reflect.TypeFor[T]())
	for _, half := range []string{"spec", "status"} {
		if of := wanted[half]; of == nil || !keep(run.Object[half], of) {
			delete(run.Object, half)
		}
	}
}

// keep takes out of a value what a type does not have. It is false for a list or a mapping where
// the type has something else.
func keep(value any, of reflect.Type) bool {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch v := value.(type) {
	case map[string]any:
		if of.Kind() == reflect.Map {
			maps.DeleteFunc(v, func(_ string, element any) bool { return !keep(element, of.Elem()) })
			return true
		}
		wanted := fields(of)
		maps.DeleteFunc(v, func(key string, field any) bool { return wanted[key] == nil || !keep(field, wanted[key]) })
		return of.Kind() == reflect.Struct
	case []any:
		if of.Kind() != reflect.Slice {
			return false
		}
		for i := range v {
			if !keep(v[i], of.Elem()) {
				v[i] = nil
			}
		}
	}
	return true
}

// known has the fields of the types for which somebody has asked.
var known sync.Map

// fields are those of a struct, by their names in JSON; nil for other types.
func fields(of reflect.Type) map[string]reflect.Type {
	if found, ok := known.Load(of); ok {
		return found.(map[string]reflect.Type)
	}
	var found map[string]reflect.Type
	if of.Kind() == reflect.Struct {
		found = map[string]reflect.Type{}
		for _, f := range reflect.VisibleFields(of) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				found[name] = f.Type
			}
		}
	}
	known.Store(of, found)
	return found
}

// SlimPod takes out of a Pod what no engine's Observe reads: its spec, which is the longest
// part of it.
func SlimPod(pod *corev1.Pod) { pod.Spec = corev1.PodSpec{} }
