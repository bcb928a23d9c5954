// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// TestAPIIsRenamed while no webhook refuses it: nothing is made of the new name, and the requests for
// the first one are looked after until they and the Promise have gone.
func TestAPIIsRenamed(t *testing.T) {
	for name, c := range map[string]struct {
		change change
		told   string
	}{
		"its name": {func(t testing.TB, u *unstructured.Unstructured) {
			t.Helper()
			changed(t, u, []change{field("others.example.org", "spec", "api", "metadata", "name"), field("others", "spec", "api", "spec", "names", "plural")})
		}, "spec.api.metadata.name: it was things.example.org and cannot change"},
		"its kind": {field("Other", "spec", "api", "spec", "names", "kind"), "spec.api.spec.names.kind: it was Thing and cannot change"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, promise(t), served(), thing(t, "a", "one"), namespace("a"), namespace(system))
			w.reconciledPromise(t)
			w.step(t, "a", "one")
			w.edit(t, w.promise(t), c.change, field(int64(2), "metadata", "generation"))
			w.restart()
			w.reconciledPromise(t)
			reconciled := progress.GetCondition(newObject(w.promise(t)).status(), progress.ConditionReconciled)
			assert.Equal(t, "APIRenamed", reconciled.Reason)
			assert.Contains(t, reconciled.Message, c.told)
			assert.Contains(t, reconciled.Message, "delete the CustomResourceDefinition things.example.org")
			assert.Nil(t, w.get(t, crdKind, "", "others.example.org"))
			w.step(t, "a", "one")

			w.delete(t, w.promise(t))
			for range 4 {
				if w.promise(t) == nil {
					break
				}
				w.reconciledPromise(t)
				w.step(t, "a", "one")
			}
			assert.Nil(t, w.thing(t, "a", "one"))
			assert.Nil(t, w.promise(t))
		})
	}
}
