// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// TestRunnerReplicas: one of two leads, and steps deliver to the other. When the one that
// leads is killed or stopped, the other one goes on where it was.
func TestRunnerReplicas(t *testing.T) {
	installed := installRunner(t)
	front, err := runner.NewFront()
	require.NoError(t, err)
	defer func() { assert.NoError(t, front.Close()) }()
	first := newReplica(t, installed.Behind(front))
	second := newReplica(t, installed.Behind(front))
	first.start(t)
	leader := awaitLeader(t, "")
	second.start(t)
	front.To(second.Installation)

	var offers []*install
	for _, e := range engines {
		in := newInstall(t, e, first.running)
		in.offer(t, in.on(twoPipelines))
		offers = append(offers, in)
		in.ask(t, in.namespace, "calm", "size: small")
	}
	for _, in := range offers {
		in.exactlyOnce(t, "calm", "small")
	}
	assert.Equal(t, 0, first.stored(t), "it leads and has received nothing")
	assert.Equal(t, 2*len(offers), second.stored(t))
	assert.Equal(t, leader, awaitLeader(t, ""))

	ask(t, offers, "killed")
	require.NoError(t, first.running.Kill())
	for _, in := range offers {
		for i := range several {
			in.exactlyOnce(t, fmt.Sprint("killed-", i), "small")
		}
	}
	leader = awaitLeader(t, leader)

	first.start(t)
	front.To(first.Installation)
	ask(t, offers, "stopped")
	require.NoError(t, second.running.Stop())
	stopped := time.Now()
	awaitLeader(t, leader)
	assert.Less(t, time.Since(stopped), 8*time.Second, "who stops lets go of the lease, which would hold for 15 s")
	for _, in := range offers {
		for i := range several {
			in.exactlyOnce(t, fmt.Sprint("stopped-", i), "small")
		}
	}
	second.start(t) // both are there to take the Promises away
	for _, in := range offers {
		in.withdraw(t)
	}
}

const several = 3

// ask has work for a leader, and returns in the middle of it.
func ask(t *testing.T, offers []*install, name string) {
	t.Helper()
	for _, in := range offers {
		for i := range several {
			in.ask(t, in.namespace, fmt.Sprint(name, "-", i), "size: small")
		}
	}
	for _, in := range offers {
		require.Eventually(t, func() bool { return len(in.runs(t, in.namespace, name+"-0")) > 0 }, limit, 50*time.Millisecond)
	}
}

// awaitLeader waits until somebody else leads than before.
func awaitLeader(t *testing.T, before string) string {
	t.Helper()
	var holder string
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		lease, err := shared.Typed.CoordinationV1().Leases(runner.SystemNamespace).Get(bounded(t), "kratix-runner", metav1.GetOptions{})
		if assert.NoError(c, err) && assert.NotNil(c, lease.Spec.HolderIdentity) {
			holder = *lease.Spec.HolderIdentity
			assert.NotEmpty(c, holder)
			assert.NotEqual(c, before, holder)
		}
	}, limit, 50*time.Millisecond)
	return holder
}

// replica is one of several runners, and what it has written into its log.
type replica struct {
	*runner.Installation
	log     string
	running *runner.Runner
}

func newReplica(t *testing.T, in *runner.Installation) *replica {
	t.Helper()
	own, err := in.Replica()
	require.NoError(t, err)
	return &replica{Installation: own, log: filepath.Join(t.TempDir(), "runner.log")}
}

func (r *replica) start(t *testing.T) {
	t.Helper()
	running, err := r.Start(t.Context(), r.log, "--leader-elect")
	require.NoError(t, err)
	r.running = running
	t.Cleanup(func() {
		assert.NoError(t, running.Kill())
		lastWords(t, running)
	})
}

// stored is how many harvests it has taken.
func (r *replica) stored(t *testing.T) int {
	t.Helper()
	log, err := os.ReadFile(r.log)
	require.NoError(t, err)
	return strings.Count(string(log), `"result":"stored"`)
}
