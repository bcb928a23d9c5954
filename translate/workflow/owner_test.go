// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// TestOwners: what an owner's things are called and where they are leads back to the owner.
func TestOwners(t *testing.T) {
	request := Owner{Promise: "redis", Resource: types.NamespacedName{Namespace: "team", Name: "cache"}}
	for name, c := range map[string]struct {
		owner             Owner
		namespace, chosen string
		prefix, labelled  string
	}{
		"request":        {owner: request, namespace: "team", prefix: "redis-cache"},
		"shared request": {owner: request, chosen: "runs", namespace: "runs", prefix: "redis-cache-team", labelled: "team"},
		"Promise":        {owner: Owner{Promise: "redis"}, namespace: "system", prefix: "redis"},
		"shared Promise": {owner: Owner{Promise: "redis"}, chosen: "runs", namespace: "runs", prefix: "redis"},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.owner.In(c.chosen, "system")
			assert.Equal(t, c.namespace, o.Namespace)
			assert.Equal(t, c.prefix, o.Prefix())
			for _, labels := range []map[string]string{o.RunLabels(), o.WorkLabels()} {
				assert.Equal(t, c.labelled, labels["kratix.io/resource-namespace"])
				assert.Equal(t, c.owner, OwnerOf(labels, o.Namespace))
				assert.True(t, o.Owns(labels, o.Namespace))
				assert.False(t, Owner{Promise: "other", Resource: c.owner.Resource}.Owns(labels, o.Namespace))
				assert.False(t, Owner{Promise: "redis", Resource: types.NamespacedName{Namespace: "other", Name: "cache"}}.Owns(labels, o.Namespace))
			}
			assert.NotContains(t, c.owner.RunLabels(), "kratix.io/resource-namespace")
		})
	}
	static := map[string]string{"kratix.io/promise-name": "redis", "kratix.io/work-type": "static-dependency"}
	assert.False(t, Owner{Promise: "redis"}.Owns(static, "system"), "the dependencies of a Promise are none of its workflow's")
}

func TestOffered(t *testing.T) {
	promise := func(versions ...any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"api": map[string]any{"spec": map[string]any{
			"group": "example.org", "names": map[string]any{"kind": "Redis"}, "versions": versions,
		}}}}}
	}
	v1, v2 := map[string]any{"name": "v1"}, map[string]any{"name": "v2", "storage": true}
	kind := func(version string) schema.GroupVersionKind {
		return schema.GroupVersionKind{Group: "example.org", Version: version, Kind: "Redis"}
	}
	assert.Equal(t, kind("v2"), Offered(promise(v1, v2)))
	assert.Equal(t, kind("v2"), Offered(promise(v2, v1)))
	assert.Equal(t, kind("v1"), Offered(promise(v1)), "as Kratix takes it")
	assert.True(t, Offered(&unstructured.Unstructured{Object: map[string]any{}}).Empty())
}
