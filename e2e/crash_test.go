// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-compile/kratix-compile/backends/state"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// onThisMachine skips what has to kill processes of nodes.
func onThisMachine(t *testing.T) {
	t.Helper()
	if shared.Argo == "" {
		t.Skip("the nodes of a cluster of KUBECONFIG are elsewhere")
	}
}

// idOf is that of a running container, as the node calls it.
func idOf(t *testing.T, pod *corev1.Pod, container string) string {
	t.Helper()
	for _, status := range statuses(pod) {
		if status.Name == container {
			return status.ContainerID
		}
	}
	require.Fail(t, "no such container", container)
	return ""
}

// TestFirstProcessKilled: kill -9 of a container's first process ends the container, and with it
// what the engine has put there. On Argo that is nothing, but in the harvest. On Tekton it is the
// program that tells the other steps: they wait for it until the run's time is up.
func TestFirstProcessKilled(t *testing.T) {
	onThisMachine(t)
	for when, m := range moments {
		if m.busy == "" {
			continue
		}
		for _, e := range engines {
			t.Run(when+"/"+e.name, func(t *testing.T) {
				t.Parallel()
				c := newCase(t, "crash", onePipeline(strings.Replace(m.spec, "backoffLimit: 1", "backoffLimit: 0", 1)), map[string]string{"timeout": "90s"})
				objects := c.compile(t, e.name)
				run := e.theRun(t, objects)
				require.NoError(t, shared.Create(t.Context(), objects...))
				pods := e.watchPods(t, run)
				m.await(t, e, run, pods)
				require.NoError(t, cluster.CrashContainer(idOf(t, pods.newest(), e.container(m.busy))))
				s, _ := e.observe(t, run, func(s state.State) bool { return s.Phase.Ended() })
				if e.name == "tekton" && m.busy != harvestContainer {
					assert.Equal(t, state.TimedOut, s.Phase, "Tekton notices; docs/engines.md says otherwise: %s", s.Message())
				} else {
					assert.Equal(t, state.Failed, s.Phase)
					assert.Contains(t, s.Message(), "exit code 137")
				}
				if m.busy != harvestContainer { // which is at work when its own first process is killed
					assert.NotContains(t, logs(t, pods.newest(), e.harvest), said(harvestContainer), "half of it was delivered")
				}
			})
		}
	}
}
