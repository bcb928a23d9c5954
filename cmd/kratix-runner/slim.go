// SPDX-License-Identifier: Apache-2.0

package main

import (
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/state"
)

// slim leaves out of what is cached what no Observer reads: of runs most of it, of Pods what
// they were to be. It is asked for every event of every watch.
func slim() toolscache.TransformFunc {
	runs := map[string]backends.Observer{}
	for _, e := range backends.Engines() {
		runs[e.APIVersion+"/"+e.Kind] = e.Observer
	}
	strip := cache.TransformStripManagedFields()
	return func(in any) (any, error) {
		switch o := in.(type) {
		case *unstructured.Unstructured:
			if observer := runs[o.GetAPIVersion()+"/"+o.GetKind()]; observer != nil {
				observer.Slim(o)
			}
			o.Object, _ = shared(o.Object).(map[string]any)
		case *corev1.Pod:
			state.SlimPod(o)
		}
		return strip(in)
	}
}

// shared is a value whose texts are kept once, however many objects have them: requests of
// one Promise differ in little, and every key of each was read from the wire on its own.
func shared(value any) any {
	switch v := value.(type) {
	case map[string]any:
		kept := make(map[string]any, len(v))
		for key, field := range v {
			kept[unique.Make(key).Value()] = shared(field)
		}
		return kept
	case []any:
		for i := range v {
			v[i] = shared(v[i])
		}
	case string:
		return unique.Make(v).Value()
	}
	return value
}
