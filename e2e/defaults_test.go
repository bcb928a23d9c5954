// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// bye is a template of an operator's, which fails.
const bye = `templates: [{name: bye, container: {image: BUSYBOX, command: [sh, -c, exit 3]}}]`

// workflowDefaults are what an operator of Argo may have every Workflow do, and what becomes of
// a run then, which says so in these words, or has ended well where there are none.
var workflowDefaults = map[string]struct {
	spec      string
	phase     state.Phase
	says      string
	delivered bool // whether the harvest has done its work
}{
	// What the compiler writes is stronger.
	"a short deadline":  {`activeDeadlineSeconds: 1`, state.Succeeded, "", true},
	"gone at once":      {`ttlStrategy: {secondsAfterCompletion: 0}, podGC: {strategy: OnPodCompletion}`, state.Succeeded, "", true},
	"another account":   {`serviceAccountName: other, archiveLogs: true`, state.Succeeded, "", true},
	"a volume of ours":  {`volumes: [{name: kratix-output, emptyDir: {}}]`, state.Succeeded, "", true},
	"one after another": {`synchronization: {mutexes: [{name: one}]}, parallelism: 1`, state.Succeeded, "", true},
	"a hook that fails": {`hooks: {running: {expression: workflow.status == "Running", template: bye}}, ` + bye, state.Succeeded, "", true},
	"a patch":           {`podSpecPatch: '{"terminationGracePeriodSeconds": 7}'`, state.Succeeded, "", true},
	// What it does not write counts.
	"an end that fails": {`onExit: bye, ` + bye, state.Failed, "", true},
	"suspended":         {`suspend: true`, state.Pending, "", false},
	"a short timeout":   {`templateDefaults: {timeout: 1s}`, state.Failed, "exceeded its deadline", false},
	"shut down":         {`shutdown: Stop`, state.Cancelled, "", false},
}

// TestWorkflowDefaults shows what an operator's defaults do to runs. Nothing is delivered by
// halves, whatever they are.
func TestWorkflowDefaults(t *testing.T) {
	e := engines[1]
	s := setting{"argo", "workflow-controller-configmap", "workflowDefaults"}
	for name, d := range workflowDefaults {
		t.Run(name, func(t *testing.T) {
			c := newCase(t, "defaults", onePipeline("jobOptions: {backoffLimit: 0}\ncontainers: [{name: only, image: IMAGE, command: [probe], env: [{name: PROBE, value: sleep=3}]}]"), nil)
			printed := c.compile(t, e.name)
			mark := "seen-" + c.namespace // by which a run is known to which the defaults apply
			text := fmt.Sprintf("{metadata: {annotations: {%s: 'yes'}}, spec: {%s}}", mark, strings.ReplaceAll(d.spec, "BUSYBOX", cluster.Registry()+"/busybox:e2e"))
			t.Cleanup(func() { s.set(t, nil) })
			s.set(t, &text)
			var obeys string
			awaitTrial(t, "run", func(name string) bool {
				obeys = name
				run, objects := e.rename(t, printed, name)
				require.NoError(t, shared.Create(t.Context(), objects...))
				begun := await(t, run, func(run *unstructured.Unstructured) bool { return field(run, "status", "phase") != "" })
				return begun.GetAnnotations()[mark] == "yes"
			})
			run, _ := e.rename(t, printed, obeys)
			end, _ := e.observe(t, run, func(s state.State) bool { return s.Phase == d.phase })
			assert.Contains(t, end.Message(), d.says)
			for _, pod := range e.pods(t, run) {
				if strings.Contains(pod.Name, "only") {
					assert.Equal(t, d.delivered, strings.Contains(logs(t, &pod, e.harvest), said(harvestContainer)))
				}
			}
		})
	}
}
