// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// testRights demands that deploy/rbac grants nothing that nobody needs.
func testRights(t *testing.T, installed *runner.Installation) {
	unused, err := installed.Unused()
	require.NoError(t, err)
	for _, right := range unused {
		assert.Contains(t, usedElsewhere, right, "deploy/rbac grants what nothing here has used")
	}
}

// usedElsewhere are the rights that the other tests of TestRunner do not use, and what does.
var usedElsewhere = map[string]string{
	"bind roles.rbac.authorization.k8s.io":            "nobody asks for it: the API server looks for it when a role is bound",
	"bind clusterroles.rbac.authorization.k8s.io":     "the same",
	"escalate roles.rbac.authorization.k8s.io":        "the API server looks for it when a role is written",
	"escalate clusterroles.rbac.authorization.k8s.io": "the same",
	"update works/finalizers.platform.kratix.io":      "the API server looks for it when an owner is named, if it is told to",

	"get leases.coordination.k8s.io in its own namespace":    "TestRunnerReplicas",
	"update leases.coordination.k8s.io in its own namespace": "TestRunnerReplicas",
	"create events in its own namespace":                     "TestRunnerReplicas: somebody else leads",
	"create leases.coordination.k8s.io in its own namespace": "the first start in a cluster",
	"update secrets in its own namespace":                    "the same: the certificate is written",
	"patch events.events.k8s.io":                             "an event that happens again within minutes",
	"patch events in its own namespace":                      "the same, of the lease",
	"deletecollection configmaps in its own namespace":       "chunks of a large harvest that no Work needs any more, after an hour",

	"update customresourcedefinitions.apiextensions.k8s.io": "a Promise's API has changed",

	"get promises.platform.kratix.io":          "TestRunnerReplicas: harvests at a replica that does not lead",
	"update workplacements.platform.kratix.io": "TestRunnerTraced: files have changed",
	"get workplacements.platform.kratix.io":    "a WorkPlacement is there that the cache has not seen",
	"patch destinations.platform.kratix.io":    "a Destination with cleanup: all",

	"update roles.rbac.authorization.k8s.io":               "rbac.permissions of a Pipeline have changed",
	"update rolebindings.rbac.authorization.k8s.io":        "the same",
	"update clusterroles.rbac.authorization.k8s.io":        "the same",
	"update clusterrolebindings.rbac.authorization.k8s.io": "the same",

	"list validatingwebhookconfigurations.admissionregistration.k8s.io":   "TestAdmission",
	"watch validatingwebhookconfigurations.admissionregistration.k8s.io":  "TestAdmission",
	"update validatingwebhookconfigurations.admissionregistration.k8s.io": "TestAdmission",
}
