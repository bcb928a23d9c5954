// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

const onePipeline3s = promiseHead + `
    resource:
      configure:
        - apiVersion: platform.kratix.io/v1alpha1
          kind: Pipeline
          metadata: {name: only}
          spec: {containers: [{name: work, image: BUSYBOX, command: [sleep, "3"]}]}
`

// TestRunnerLimits: however many ask, no more Pipelines work at once than --max-runs says,
// and Promises take turns.
func TestRunnerLimits(t *testing.T) {
	const most, each = 2, 5
	installed := installRunner(t)
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			r := startRunner(t, installed, e, fmt.Sprintf("--max-runs=%d", most))
			eager, patient := newInstall(t, e, r), newInstall(t, e, r)
			both := []*install{eager, patient}
			for _, in := range both {
				in.offer(t, onePipeline3s)
			}
			for _, in := range both { // one has asked for everything before the other begins
				for i := range each {
					in.ask(t, in.namespace, fmt.Sprint("r", i), "size: small")
				}
			}
			waits := patient.await(t, patient.namespace, "r4", func(o *unstructured.Unstructured) bool {
				return strings.Contains(strings.Join(messages(o), " "), "Waiting for")
			})
			assert.Contains(t, messages(waits)[0], "Waiting for a free slot")
			for _, in := range both {
				for i := range each {
					in.await(t, in.namespace, fmt.Sprint("r", i), completed)
				}
			}
			work := append(eager.work(t, each), patient.work(t, each)...)
			assert.Equal(t, most, atOnce(work), "%v", work)
			slices.SortFunc(work, func(a, b worked) int { return a.from.Compare(b.from) })
			turns := map[string]int{}
			for _, w := range work[:each+1] {
				turns[w.promise]++
			}
			assert.GreaterOrEqual(t, turns[patient.namespace], 2, "of the first %d; in order of arrival it would be one", each+1)
			for _, in := range both {
				in.withdraw(t)
			}
		})
	}
}

// worked is when a user's container ran, in whole seconds as the kubelet has them.
type worked struct {
	promise  string
	from, to time.Time
}

// work waits for the kubelet, which is behind the runner.
func (in *install) work(t *testing.T, n int) []worked {
	t.Helper()
	var all []worked
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		pods, err := shared.Typed.CoreV1().Pods(in.namespace).List(bounded(t), metav1.ListOptions{LabelSelector: v1alpha1.LabelPromise + "=" + in.namespace})
		require.NoError(c, err)
		all = nil
		for _, pod := range pods.Items {
			for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
				if ended := s.State.Terminated; strings.TrimPrefix(s.Name, "step-") == "work" && ended != nil {
					all = append(all, worked{in.namespace, ended.StartedAt.Time, ended.FinishedAt.Time})
				}
			}
		}
		assert.Len(c, all, n)
	}, limit, 100*time.Millisecond)
	return all
}

// atOnce is how many worked at the same time, for longer than a second: a second is what
// the kubelet's clock may be wrong by.
func atOnce(all []worked) int {
	most := 0
	for _, a := range all {
		n := 0
		for _, b := range all {
			if !b.from.After(a.from) && b.to.Sub(a.from) > time.Second {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}
