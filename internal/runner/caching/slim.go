// SPDX-License-Identifier: Apache-2.0

package caching

import (
	"unique"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/kratix-compile/kratix-compile/backends"
	"github.com/kratix-compile/kratix-compile/backends/state"
)

// Slim removes from what is cached what no Observer reads: most of a run, and the spec of a
// Pod. It is called for every event of every watch.
func Slim() toolscache.TransformFunc {
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

// shared is a value whose texts are in memory once, however many objects have them.
// Requests of one Promise have the same keys and many of the same values, and the decoder
// makes new ones for each.
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
