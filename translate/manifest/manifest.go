// Package manifest holds Kubernetes objects as the API server will get them and
// prints them. Typed objects enter through New, which drops what Go's JSON
// adds and no user wrote: nulls, empty status, empty resources.
package manifest

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Object is one Kubernetes object.
type Object = unstructured.Unstructured

// New converts a typed object, which must have its kind and apiVersion set.
// It fails only for objects that encoding/json cannot write.
func New(typed runtime.Object) (Object, error) {
	data, err := json.Marshal(typed)
	if err != nil {
		return Object{}, fmt.Errorf("bug: %T: %w", typed, err)
	}
	var o Object
	if err := o.UnmarshalJSON(data); err != nil {
		return Object{}, fmt.Errorf("bug: %T: %w", typed, err)
	}
	prune(o.Object)
	return o, nil
}

// noise are keys whose empty object means nothing in any kind we emit. An empty
// object under another key, such as emptyDir, is kept: it has a meaning.
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
