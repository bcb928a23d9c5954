// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestRunnerWithoutEngine: where the API server does not serve an engine's API, Promises say
// so, those for the other engine run, and when it is served they all do.
func TestRunnerWithoutEngine(t *testing.T) {
	installed := installRunner(t)
	for i, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			other := engines[1-i]
			installed.Hide(schema.FromAPIVersionAndKind(e.APIVersion, e.Engine.Kind).Group)
			defer installed.Hide("")
			r := startRunner(t, installed, e)
			missing, there := newInstall(t, e, r), newInstall(t, other, r)
			missing.create(t, twoPipelines)
			there.offer(t, there.on(twoPipelines))
			there.ask(t, there.namespace, "one", "size: small")
			there.exactlyOnce(t, "one", "small")
			o := missing.awaitPromise(t, func(o *unstructured.Unstructured) bool { return reasonOf(o, "Reconciled") == "EngineMissing" })
			assert.Contains(t, messageOf(o, "Reconciled"), "the cluster serves no "+e.Engine.Kind+" of "+e.APIVersion+"; install "+e.Versions+", or choose another engine")
			assert.Equal(t, "False", conditionOf(o, "Reconciled"))

			assert.NotEqual(t, "True", conditionOf(o, "Available"))

			installed.Hide("")
			missing.awaitPromise(t, func(o *unstructured.Unstructured) bool { return conditionOf(o, "Available") == "True" })
			missing.ask(t, missing.namespace, "one", "size: small")
			missing.exactlyOnce(t, "one", "small")
			missing.withdraw(t)
			there.withdraw(t)
		})
	}
}
