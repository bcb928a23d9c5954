// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
)

// TestRightsAreEnough lets the Controller do all that it does, on both engines, and demands each
// right from deploy/jobs. Rights on the object of a Job are the only ones that it can do without.
func TestRightsAreEnough(t *testing.T) {
	for _, name := range []string{"tekton", "argo"} {
		t.Run(name, func(t *testing.T) {
			j := taken(t, name)
			w := newWorld(t, slots.Limits{}, j, account())
			own, err := w.engine(j)
			require.NoError(t, err)
			w.Engines = []*engine.Engine{own} // --engines
			w.now = made.Add(2 * time.Second)
			w.look(t, j)
			w.suspend(t, j, true)
			w.look(t, j)
			w.says(t, j, map[string]any{"phase": "Failed", "conditions": condition("False", "TaskRunCancelled")["conditions"]})
			w.look(t, j)
			w.suspend(t, j, false)
			w.look(t, j)
			require.Nil(t, w.run(t, j), "the first run is deleted")

			have := granted(t, "rights", name)
			require.Greater(t, len(w.asked), 8)
			for request := range w.asked {
				if request != "get Redis" {
					assert.Contains(t, have, request)
				}
			}
		})
	}
}

// kinds are those of resources.
var kinds = map[string]string{
	"jobs": "Job", "pods": "Pod", "serviceaccounts": "ServiceAccount", "roles": "Role", "rolebindings": "RoleBinding", "taskruns": "TaskRun", "workflows": "Workflow",
}

// granted are the requests that the ClusterRoles in some files of deploy/jobs allow.
func granted(t *testing.T, files ...string) (requests []string) {
	t.Helper()
	for _, file := range files {
		text, err := os.ReadFile("../../../deploy/jobs/" + file + ".yaml")
		require.NoError(t, err)
		role := &rbacv1.ClusterRole{}
		require.NoError(t, yaml.Unmarshal(text, role))
		for _, rule := range role.Rules {
			for _, resource := range rule.Resources {
				resource, sub, _ := strings.Cut(resource, "/")
				for _, verb := range rule.Verbs {
					if sub != "" {
						verb += " " + sub + " of"
					}
					if verb != "watch" || slices.Contains(rule.Verbs, "list") {
						requests = append(requests, verb+" "+kinds[resource])
					}
				}
			}
		}
	}
	return requests
}
